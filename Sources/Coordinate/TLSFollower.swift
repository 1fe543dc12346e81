import ELF
import LinuxSys
import Logging
import Supervise
import Wire

/// Has the TLS of traced processes followed: finds OpenSSL in what they have mapped, and attaches the programs that an
/// event-reader has loaded. What is attached stays so for as long as its links are held here.
///
/// For one task. Files are chosen by strangers, and may lie on a file system that answers never: they are read in a
/// thread of its own, which nothing but this waits for.
final class TLSFollower: Sendable {
    enum Wish: Sendable {
        /// A process is traced, or begins TLS that nobody follows: look for OpenSSL in it.
        case follow(UInt32)
        /// It is traced no more.
        case leave(UInt32)
        /// The programs that are at work from now on. Those before belong to maps that nobody reads any more.
        case programs(begin: HeldDescriptor, end: HeldDescriptor)
    }

    /// Of one process.
    private static let mostLibraries: UInt8 = 16

    private let wishes = Outbox<Wish>()
    private let inspector: Helper
    private let logger: Logger

    init(inspector: Helper, logger: Logger) {
        self.inspector = inspector
        self.logger = logger
    }

    func post(_ wish: Wish) {
        wishes.post([wish])
    }

    func finish() {
        wishes.finish()
    }

    func run() async {
        var state = State()
        while let batch = await wishes.next() {
            var wanted: [UInt32] = []
            for wish in batch {
                switch wish {
                case .programs(let begin, let end):
                    await drop(state.replacePrograms(Programs(begin: begin, end: end)))
                    wanted = state.traced.sorted()
                case .leave(let pid):
                    wanted.removeAll { $0 == pid }
                    await drop(state.leave(pid))
                case .follow(let pid):
                    state.traced.insert(pid)
                    if !wanted.contains(pid) { wanted.append(pid) }
                }
            }
            guard let programs = state.programs else { continue }
            for pid in wanted { await follow(pid, programs, &state) }
        }
        await drop(state.leaveAll())
    }

    // MARK: - One process

    private func follow(_ pid: UInt32, _ programs: Programs, _ state: inout State) async {
        for index in 0..<TLSFollower.mostLibraries {
            do throws(AskError) {
                let process = ProcessInstance(pid: pid, startTime: 0)
                let (reply, file) = try await inspector.open(LibraryRequest(process, index: index))
                await attach(file, reply.path, to: pid, programs, &state)
                if reply.left == 0 { return }
            } catch {
                let facts: Logger.Metadata = ["pid": "\(pid)", "reason": "\(error)"]
                logger.debug("A process could not be searched for OpenSSL", metadata: facts)
                return
            }
        }
    }

    private func attach(
        _ file: HeldDescriptor, _ path: String, to pid: UInt32, _ programs: Programs, _ state: inout State
    ) async {
        let known = state.places
        let held = state.links[pid] ?? [:]
        let outcome = await blocking { () -> Attachment in
            do throws(SysError) {
                let status = try file.withDescriptor { (file) throws(SysError) in try file.fileStatus() }
                if held[status] != nil { return .nothing }
                let places: [UprobeLink.Function]
                if let before = known[status] {
                    places = before
                } else {
                    do throws(ELFError) {
                        places = try OpenSSLFunctions.places(in: file)
                    } catch {
                        return .unfit(status, "\(error)")
                    }
                }
                guard !places.isEmpty else { return .without(status) }
                return .attached(status, places, try programs.attach(to: places, in: file, of: pid))
            } catch {
                return .failed("\(error)")
            }
        }
        var facts: Logger.Metadata = ["pid": "\(pid)", "file": "\(path)"]
        switch outcome {
        case .nothing: break
        case .without(let status): state.remember([], of: status)
        case .unfit(let status, let reason):
            state.remember([], of: status)
            facts["reason"] = "\(reason)"
            logger.info("A file of a traced process cannot be searched for OpenSSL", metadata: facts)
        case .attached(let status, let places, let links):
            state.remember(places, of: status)
            state.links[pid, default: [:]][status] = links
            logger.info("TLS of a process is followed", metadata: facts)
        case .failed(let reason):
            facts["reason"] = "\(reason)"
            logger.warning("TLS of a process cannot be followed", metadata: facts)
        case nil: logger.warning("There is no thread to follow TLS with", metadata: facts)
        }
    }

    private enum Attachment: Sendable {
        case nothing
        case without(FileStatus)
        case unfit(FileStatus, String)
        case attached(FileStatus, [UprobeLink.Function], [HeldDescriptor])
        case failed(String)
    }

    /// The kernel waits for its other processors before a link is gone.
    private func drop(_ links: [HeldDescriptor]) async {
        guard !links.isEmpty else { return }
        _ = await blocking { withExtendedLifetime(links) {} }
    }

    /// - Returns: nil where no thread could be made.
    private func blocking<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result? {
        await withCheckedContinuation { waiting in
            do throws(SysError) {
                try BlockingThread.start(name: "tls") { waiting.resume(returning: work()) }
            } catch {
                waiting.resume(returning: nil)
            }
        }
    }
}

/// The programs that follow TLS.
private struct Programs: Sendable {
    let begin: HeldDescriptor
    let end: HeldDescriptor

    func attach(
        to places: [UprobeLink.Function], in file: HeldDescriptor, of pid: UInt32
    ) throws(SysError) -> [HeldDescriptor] {
        // The return first: a begin without one would leave its thread in the function for ever.
        var links: [HeldDescriptor] = []
        for (program, atReturn) in [(end, true), (begin, false)] {
            let link = try program.withDescriptor { (program) throws(SysError) -> OwnedFD in
                try file.withDescriptor { (file) throws(SysError) -> OwnedFD in
                    try UprobeLink.make(
                        program: program, functions: places, in: file, of: Int32(bitPattern: pid), atReturn: atReturn)
                }
            }
            links.append(HeldDescriptor(link))
        }
        return links
    }
}

private struct State {
    private(set) var programs: Programs?
    var traced: Set<UInt32> = []
    /// What keeps programs attached, by process and file.
    var links: [UInt32: [FileStatus: [HeldDescriptor]]] = [:]
    /// Where files have the functions; none: they do not hold OpenSSL.
    private(set) var places: [FileStatus: [UprobeLink.Function]] = [:]

    private static let mostFiles = 1024

    mutating func replacePrograms(_ new: Programs) -> [HeldDescriptor] {
        programs = new
        defer { links = [:] }
        return links.values.flatMap { $0.values.flatMap { $0 } }
    }

    mutating func leave(_ pid: UInt32) -> [HeldDescriptor] {
        traced.remove(pid)
        return links.removeValue(forKey: pid).map { $0.values.flatMap { $0 } } ?? []
    }

    mutating func leaveAll() -> [HeldDescriptor] {
        defer { links = [:] }
        return links.values.flatMap { $0.values.flatMap { $0 } }
    }

    mutating func remember(_ found: [UprobeLink.Function], of file: FileStatus) {
        if places.count >= State.mostFiles { places = [:] }
        places[file] = found
    }
}
