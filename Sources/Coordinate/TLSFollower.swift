import ELF
import LinuxSys
import Logging
import Supervise
import Synchronization
import Wire

/// Has the TLS of traced processes followed: finds OpenSSL in what they have mapped, and attaches the programs that an
/// event-reader has loaded. What is attached stays so for as long as its links are held here.
///
/// For one task. Files are chosen by strangers, and may lie on a file system that never answers: each is read in a
/// thread of its own, which is waited for only so long.
final class TLSFollower: Sendable {
    enum Wish: Sendable {
        /// A process is traced, or begins TLS that nobody follows: look for OpenSSL in it.
        case follow(UInt32)
        /// It is traced no more.
        case leave(UInt32)
        /// The programs that are at work from now on, or none. Those before belong to maps that nobody reads any more.
        case programs(TLSProgramPair?)
    }

    /// Of one process.
    private static let mostLibraries: UInt8 = 16
    /// With programs attached; two descriptors each.
    private static let mostFiles = 1000
    private static let patience = Duration.seconds(5)
    /// Threads that wait for a file that does not answer. With so many, nothing more is read.
    private static let mostStuck = 4

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
                case .programs(let programs):
                    drop(state.replacePrograms(programs))
                    wanted = state.traced.sorted()
                case .leave(let pid):
                    wanted.removeAll { $0 == pid }
                    drop(state.leave(pid))
                case .follow(let pid):
                    state.traced.insert(pid)
                    if !wanted.contains(pid) { wanted.append(pid) }
                }
            }
            guard let programs = state.programs else { continue }
            for pid in wanted where !state.setAside.contains(pid) { await follow(pid, programs, &state) }
        }
    }

    // MARK: - One process

    private func follow(_ pid: UInt32, _ programs: TLSProgramPair, _ state: inout State) async {
        for index in 0..<TLSFollower.mostLibraries {
            do throws(AskError) {
                let process = ProcessInstance(pid: pid, startTime: 0)
                let (reply, file) = try await inspector.open(LibraryRequest(process, index: index))
                await attach(file, reply.path, to: pid, programs, &state)
                if reply.left == 0 { return }
            } catch {
                // What keeps the inspector from answering is not looked at again.
                if error == .gone || error == .late { state.setAside.insert(pid) }
                let facts: Logger.Metadata = ["pid": "\(pid)", "reason": "\(error)"]
                logger.debug("A process could not be searched for OpenSSL", metadata: facts)
                return
            }
        }
    }

    private func attach(
        _ file: HeldDescriptor, _ path: String, to pid: UInt32, _ programs: TLSProgramPair, _ state: inout State
    ) async {
        var facts: Logger.Metadata = ["pid": "\(pid)", "file": "\(path)"]
        guard state.countOfFiles < TLSFollower.mostFiles, state.stuck < TLSFollower.mostStuck else {
            if !state.isFullSaid { logger.warning("TLS of no more processes can be followed", metadata: facts) }
            state.isFullSaid = true
            return
        }
        let known = state.places
        let held = state.links[pid] ?? [:]
        let outcome = await blocking { () -> Attachment in
            do throws(SysError) {
                let opened = try file.withDescriptor { (file) throws(SysError) in try OwnedFD.reading(named: file) }
                let status = try opened.fileStatus()
                if held[status] != nil || !status.isRegular { return .nothing }
                let places: [UprobeLink.Function]
                if let before = known[status] {
                    places = before
                } else {
                    do throws(ELFError) {
                        places = try OpenSSLFunctions.places(in: opened)
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
        case nil:
            state.stuck += 1
            state.setAside.insert(pid)
            logger.warning("A file of a traced process does not answer: its TLS is not followed", metadata: facts)
        }
    }

    private enum Attachment: Sendable {
        case nothing
        case without(FileStatus)
        case unfit(FileStatus, String)
        case attached(FileStatus, [UprobeLink.Function], [HeldDescriptor])
        case failed(String)
    }

    /// In a thread, since the kernel waits for its other processors before a link is gone.
    private func drop(_ links: [HeldDescriptor]) {
        guard !links.isEmpty else { return }
        do throws(SysError) {
            try BlockingThread.start(name: "tls") { withExtendedLifetime(links) {} }
        } catch {
            // They are closed here, then.
        }
    }

    /// - Returns: nil when it takes too long, or where no thread could be made.
    private func blocking<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result? {
        await withCheckedContinuation { waiting in
            let answer = FirstAnswer(waiting)
            do throws(SysError) {
                try BlockingThread.start(name: "tls") { answer.give(work()) }
            } catch {
                answer.give(nil)
            }
            Task {
                try? await Task.sleep(for: TLSFollower.patience)
                answer.give(nil)
            }
        }
    }
}

/// Takes the first of two answers.
private final class FirstAnswer<Value: Sendable>: Sendable {
    private let waiting: Mutex<CheckedContinuation<Value?, Never>?>

    init(_ waiting: CheckedContinuation<Value?, Never>) {
        self.waiting = Mutex(waiting)
    }

    func give(_ value: Value?) {
        let first = waiting.withLock { $0.take() }
        first?.resume(returning: value)
    }
}

/// The programs that follow TLS.
struct TLSProgramPair: Sendable {
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
    private(set) var programs: TLSProgramPair?
    var traced: Set<UInt32> = []
    /// What keeps programs attached, by process and file.
    var links: [UInt32: [FileStatus: [HeldDescriptor]]] = [:]
    /// Where files have the functions; none: they do not hold OpenSSL.
    private(set) var places: [FileStatus: [UprobeLink.Function]] = [:]

    /// Processes of which something did not answer.
    var setAside: Set<UInt32> = []
    var stuck = 0
    var isFullSaid = false

    private static let mostPlaces = 1024

    var countOfFiles: Int { links.values.reduce(0) { $0 + $1.count } }

    mutating func replacePrograms(_ new: TLSProgramPair?) -> [HeldDescriptor] {
        programs = new
        defer { links = [:] }
        return links.values.flatMap { $0.values.flatMap { $0 } }
    }

    mutating func leave(_ pid: UInt32) -> [HeldDescriptor] {
        traced.remove(pid)
        setAside.remove(pid)
        return links.removeValue(forKey: pid).map { $0.values.flatMap { $0 } } ?? []
    }

    mutating func remember(_ found: [UprobeLink.Function], of file: FileStatus) {
        if places.count >= State.mostPlaces { places = [:] }
        places[file] = found
    }
}
