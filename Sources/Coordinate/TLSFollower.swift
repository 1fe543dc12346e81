import LinuxSys
import Logging
import Supervise
import Synchronization
import Wire

/// Has the TLS of traced processes followed: has files named that they have mapped, opens them, and has the
/// tls-attacher look for OpenSSL there and attach. What is attached stays so for as long as its links are held here.
///
/// For one task. Files are chosen by strangers, and may lie on a file system that never answers: each is opened in a
/// thread of its own, which is waited for only so long. A tls-attacher that waits for one is replaced.
final class TLSFollower: Sendable {
    enum Wish: Sendable {
        /// A process is traced, or begins TLS that nobody follows: look for OpenSSL in it.
        case follow(UInt32)
        /// The same, put off a while ago.
        case followNow(UInt32)
        /// It is traced no more.
        case leave(UInt32)
        /// A file that did not answer in time has.
        case answered
        /// A tls-attacher is at work on these maps (`SharedMapLoans.lent`). Of others nobody reads any more.
        case loaded(Int)
        /// There is a new process-inspector.
        case inspected
    }

    /// Of one process.
    private static let mostLibraries: UInt8 = 16
    /// With programs attached; two descriptors each.
    private static let mostFiles = 1000
    private static let patience = Duration.seconds(5)
    /// Threads that wait for a file that does not answer. With so many, nothing more is read.
    private static let mostStuck = 4
    private static let pause = Duration.seconds(2)

    private let wishes = Outbox<Wish>()
    private let inspector: Helper
    private let attacher: Helper
    private let logger: Logger

    init(inspector: Helper, attacher: Helper, logger: Logger) {
        self.inspector = inspector
        self.attacher = attacher
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
                case .loaded(let maps):
                    if maps != state.maps { drop(state.dropAll()) }
                    state.maps = maps
                    wanted = state.traced.sorted()
                case .inspected:
                    state.inspectors += 1
                    for pid in state.awaiting where !wanted.contains(pid) { wanted.append(pid) }
                    state.awaiting = []
                case .leave(let pid):
                    wanted.removeAll { $0 == pid }
                    drop(state.leave(pid))
                case .follow(let pid):
                    state.traced.insert(pid)
                    if !wanted.contains(pid) { wanted.append(pid) }
                case .followNow(let pid):
                    state.putOff.remove(pid)
                    if state.traced.contains(pid), !wanted.contains(pid) { wanted.append(pid) }
                case .answered: state.stuck -= 1
                }
            }
            guard state.maps > 0 else { continue }
            for pid in wanted where !state.setAside.contains(pid) {
                guard state.searches[pid, default: SearchBudget()].take(at: .now) else {
                    putOff(pid, &state)
                    continue
                }
                await follow(pid, &state)
            }
        }
    }

    private func putOff(_ pid: UInt32, _ state: inout State) {
        guard state.putOff.insert(pid).inserted else { return }
        Task {
            try? await Task.sleep(for: TLSFollower.pause)
            post(.followNow(pid))
        }
    }

    // MARK: - One process

    private func follow(_ pid: UInt32, _ state: inout State) async {
        for index in 0..<TLSFollower.mostLibraries {
            do throws(AskError) {
                let process = ProcessInstance(pid: pid, startTime: 0)
                let (reply, file) = try await inspector.open(LibraryRequest(process, index: index))
                await attach(file, reply.path, to: pid, &state)
                if reply.left == 0 || state.setAside.contains(pid) { return }
            } catch {
                let facts: Logger.Metadata = ["pid": "\(pid)", "file": "\(index)", "reason": "\(error)"]
                logger.debug("A file of a process could not be searched for OpenSSL", metadata: facts)
                switch error {
                case .declined(let declined) where declined.errno != LibraryRequest.noMore && declined.errno != 0:
                    // One that was replaced since it was mapped, say; there may be others.
                    continue
                case .declined, .unencodable, .unsendable: return
                case .gone:
                    // Another process had it fall, perhaps: the next one is asked again, and so is the one behind.
                    state.lost(pid)
                    return
                case .late:
                    // What keeps the inspector from answering is not looked at again.
                    state.setAside.insert(pid)
                    return
                }
            }
        }
    }

    private func attach(_ file: HeldDescriptor, _ path: String, to pid: UInt32, _ state: inout State) async {
        var facts: Logger.Metadata = ["pid": "\(pid)", "file": "\(path)"]
        guard state.countOfFiles < TLSFollower.mostFiles, state.stuck < TLSFollower.mostStuck else {
            if !state.isFullSaid { logger.warning("TLS of no more processes can be followed", metadata: facts) }
            state.isFullSaid = true
            return
        }
        let unstarted = Result<OpenedFile, SysError>.failure(SysError("pthread_create", code: Errno.wouldBlock))
        let opened: OpenedFile
        switch await blocking(unstarted: unstarted, { OpenedFile.opening(file) }) {
        case nil:
            state.stuck += 1
            state.setAside.insert(pid)
            logger.warning("A file of a traced process does not answer: its TLS is not followed", metadata: facts)
            return
        case .failure(let error):
            facts["reason"] = "\(error)"
            logger.warning("TLS of a process cannot be followed", metadata: facts)
            return
        case .success(let file): opened = file
        }
        let status = opened.status
        guard status.isRegular, state.links[pid]?[status] == nil, !state.without.contains(status) else { return }
        do throws(AskError) {
            let links = try await attacher.attach(AttachRequest(process: pid), to: opened.descriptor)
            state.links[pid, default: [:]][status] = links
            logger.info("TLS of a process is followed", metadata: facts)
        } catch {
            facts["reason"] = "\(error)"
            if case .declined(let declined) = error, declined.errno == AttachRequest.noOpenSSL {
                state.remember(without: status)
                return logger.debug("A file of a traced process does not hold OpenSSL", metadata: facts)
            }
            // Its file system, most likely: the tls-attacher is replaced, and is not asked for the file again.
            if error == .late { state.remember(without: status) }
            logger.warning("TLS of a process cannot be followed", metadata: facts)
        }
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

    /// - Returns: nil when it takes too long; that it has ended after all is posted then.
    private func blocking<Result: Sendable>(
        unstarted: Result, _ work: @escaping @Sendable () -> Result
    ) async -> Result? {
        await withCheckedContinuation { waiting in
            let answer = FirstAnswer(waiting)
            do throws(SysError) {
                try BlockingThread.start(name: "tls") { [self] in
                    if !answer.give(work()) { post(.answered) }
                }
            } catch {
                answer.give(unstarted)
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

    /// - Returns: whether it was the first.
    @discardableResult
    func give(_ value: Value?) -> Bool {
        let first = waiting.withLock { $0.take() }
        first?.resume(returning: value)
        return first != nil
    }
}

/// A file of a traced process, open for reading.
private struct OpenedFile: Sendable {
    let descriptor: HeldDescriptor
    let status: FileStatus

    /// With this process's own rights.
    static func opening(_ named: HeldDescriptor) -> Result<OpenedFile, SysError> {
        do throws(SysError) {
            let opened = try named.withDescriptor { (file) throws(SysError) in try OwnedFD.reading(named: file) }
            let status = try opened.fileStatus()
            return .success(OpenedFile(descriptor: HeldDescriptor(opened), status: status))
        } catch {
            return .failure(error)
        }
    }
}

private struct State {
    /// The maps that are worked on; 0: none are.
    var maps = 0
    var traced: Set<UInt32> = []
    /// What keeps programs attached, by process and file.
    var links: [UInt32: [FileStatus: [HeldDescriptor]]] = [:]
    /// Files that do not hold OpenSSL.
    private(set) var without: Set<FileStatus> = []

    /// Processes of which something did not answer.
    var setAside: Set<UInt32> = []
    /// How many process-inspectors there have been, and with how many each process was lost, the last of them.
    var inspectors = 0
    private var losses: [UInt32: (count: Int, last: Int)] = [:]
    /// To be searched when there is a new one.
    var awaiting: Set<UInt32> = []
    var searches: [UInt32: SearchBudget] = [:]
    /// To be searched again in a while.
    var putOff: Set<UInt32> = []
    var stuck = 0
    var isFullSaid = false

    private static let mostWithout = 1024
    private static let mostLosses = 3

    var countOfFiles: Int { links.values.reduce(0) { $0 + $1.count } }

    /// The process-inspector went while it was looked at, or was not there.
    mutating func lost(_ pid: UInt32) {
        var known = losses[pid] ?? (0, -1)
        if known.last != inspectors { known = (known.count + 1, inspectors) }
        losses[pid] = known
        if known.count < State.mostLosses { awaiting.insert(pid) } else { setAside.insert(pid) }
    }

    mutating func dropAll() -> [HeldDescriptor] {
        defer { links = [:] }
        return links.values.flatMap { $0.values.flatMap { $0 } }
    }

    mutating func leave(_ pid: UInt32) -> [HeldDescriptor] {
        traced.remove(pid)
        setAside.remove(pid)
        losses[pid] = nil
        awaiting.remove(pid)
        searches[pid] = nil
        return links.removeValue(forKey: pid).map { $0.values.flatMap { $0 } } ?? []
    }

    mutating func remember(without file: FileStatus) {
        if without.count >= State.mostWithout { without = [] }
        without.insert(file)
    }
}
