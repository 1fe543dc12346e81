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
    /// Of one process that are looked at.
    private static let mostLibraries: UInt8 = 16
    private static let patience = Duration.seconds(5)
    /// Threads that wait for a file that does not answer. With so many, nothing more is read.
    private static let mostStuck = 4
    private static let pause = Duration.seconds(2)

    private let queue = Mutex(FollowQueue())
    /// Rung when there is something in the queue; once is enough.
    private let bell = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private let inspector: Helper
    private let attacher: Helper
    private let mostFiles: Int
    private let logger: Logger
    private let onSearched: @Sendable (_ question: UInt64, _ setAside: Int) -> Void

    /// - Parameters:
    ///   - mostFiles: with programs attached.
    ///   - onSearched: called when the queue comes to `searched`, with how many processes are set aside.
    init(
        inspector: Helper, attacher: Helper, mostFiles: Int, logger: Logger,
        onSearched: @escaping @Sendable (_ question: UInt64, _ setAside: Int) -> Void
    ) {
        self.inspector = inspector
        self.attacher = attacher
        self.mostFiles = mostFiles
        self.logger = logger
        self.onSearched = onSearched
    }

    var countOfUnsearched: Int { queue.withLock(\.countOfUnsearched) }

    /// Tells it what has happened.
    func post(_ change: (inout FollowQueue) -> Void) {
        queue.withLock { change(&$0) }
        bell.continuation.yield()
    }

    func finish() {
        post { $0.finish() }
        bell.continuation.finish()
    }

    func run() async {
        var state = State(mostFiles: mostFiles)
        for await _ in bell.stream {
            while let step = queue.withLock({ $0.next() }) { await take(step, &state) }
        }
    }

    private func take(_ step: FollowQueue.Step, _ state: inout State) async {
        switch step {
        case .loaded(let maps):
            if maps != state.maps { drop(state.attachments.removeAll()) }
            state.maps = maps
        case .inspected(let count):
            state.inspectors += count
            post { $0.searchMissed() }
        case .answered(let count): state.stuck -= count
        case .leave(let pids): drop(pids.flatMap { state.leave($0) })
        case .full(let count):
            warn("TLS of processes cannot be followed: too many are traced", ["processes": "\(count)"], &state)
        case .search(let pid):
            guard !state.setAside.contains(pid) else { return }
            let begin = ContinuousClock.now
            guard state.budgets.take(pid, at: begin) else { return putOff(pid) }
            state.paused = .zero
            await follow(pid, until: begin + TLSFollower.patience, &state)
            state.budgets.spend(begin.duration(to: .now) - state.paused, on: pid)
        case .searched(let question): onSearched(question, state.setAside.count)
        }
    }

    private func putOff(_ pid: UInt32) {
        guard queue.withLock({ $0.putOff(pid) }) else { return }
        Task {
            try? await Task.sleep(for: TLSFollower.pause)
            post { $0.retry(pid) }
        }
    }

    // MARK: - What is said

    private func warn(_ line: Logger.Message, _ facts: Logger.Metadata, _ state: inout State) {
        say(line, .warning, facts, &state.warnings)
    }

    private func say(
        _ line: Logger.Message, _ level: Logger.Level, _ facts: Logger.Metadata, _ gate: inout LineGate
    ) {
        guard let unsaid = gate.admit(at: .now) else { return }
        var facts = facts
        if unsaid > 0 { facts["not_logged"] = "\(unsaid)" }
        logger.log(level: level, line, metadata: facts)
    }

    // MARK: - One process

    /// - Parameter deadline: what is left of its files then is looked at when it is searched next.
    private func follow(_ pid: UInt32, until deadline: ContinuousClock.Instant, _ state: inout State) async {
        for index in 0..<TLSFollower.mostLibraries where ContinuousClock.now < deadline {
            let reply: LibraryReply
            let file: HeldDescriptor
            do throws(AskError) {
                let process = ProcessInstance(pid: pid, startTime: 0)
                (reply, file) = try await inspector.open(LibraryRequest(process, index: index))
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
                    if state.lost(pid) { post { $0.missed(pid) } } else { state.setAside.insert(pid) }
                    return
                case .late:
                    // What keeps the inspector from answering is not looked at again.
                    state.setAside.insert(pid)
                    return
                }
            }
            do throws(Unattended) {
                try await attach(file, reply.path, to: pid, &state)
            } catch {
                return post { $0.missed(pid) }
            }
            if reply.left == 0 || state.setAside.contains(pid) { return }
        }
    }

    /// There was no tls-attacher to ask.
    private struct Unattended: Error {}

    private func attach(_ file: HeldDescriptor, _ path: String, to pid: UInt32, _ state: inout State)
        async throws(Unattended)
    {
        var facts: Logger.Metadata = ["pid": "\(pid)", "file": "\(path)"]
        guard state.stuck < TLSFollower.mostStuck else {
            return warn("TLS of no more processes can be followed: files do not answer", facts, &state)
        }
        let unstarted = Result<OpenedFile, SysError>.failure(SysError("pthread_create", code: Errno.wouldBlock))
        let opened: OpenedFile
        switch await blocking(unstarted: unstarted, { OpenedFile.opening(file) }) {
        case nil:
            state.stuck += 1
            state.setAside.insert(pid)
            return warn("A file of a traced process does not answer: its TLS is not followed", facts, &state)
        case .failure(let error):
            facts["reason"] = "\(error)"
            return warn("TLS of a process cannot be followed", facts, &state)
        case .success(let file): opened = file
        }
        let status = opened.status
        guard status.isRegular, !state.unsearched.contains(status, at: .now) else { return }
        switch state.attachments.room(for: status.identity, of: pid) {
        case .taken: return
        case .fullOfProcess:
            return warn("TLS of a process is followed in no more of its files", facts, &state)
        case .full:
            facts["files"] = "\(state.attachments.count)"
            return warn("TLS of no more processes can be followed", facts, &state)
        case .free: break
        }
        try await attach(opened, to: pid, facts, &state)
    }

    private func attach(
        _ opened: OpenedFile, to pid: UInt32, _ facts: Logger.Metadata, _ state: inout State
    ) async throws(Unattended) {
        let pause = state.pace.take(at: .now)
        if pause > .zero {
            state.paused += pause
            try? await Task.sleep(for: pause)
        }
        do throws(AskError) {
            let links = try await attacher.attach(AttachRequest(process: pid), to: opened.descriptor)
            state.attachments.add(links, to: opened.status.identity, of: pid)
            state.unsearched.hasAnswered(opened.status)
            say("TLS of a process is followed", .info, facts, &state.news)
        } catch {
            let facts = facts.merging(["reason": "\(error)"]) { $1 }
            switch error {
            case .declined(let declined) where declined.errno == AttachRequest.noOpenSSL:
                state.unsearched.add(opened.status)
                return logger.debug("A file of a traced process does not hold OpenSSL", metadata: facts)
            case .declined(let declined) where declined.reason == .gone:
                return logger.debug("A process has ended before its TLS was followed", metadata: facts)
            // Its file system, most likely. The tls-attacher is replaced.
            case .late:
                state.setAside.insert(pid)
                state.unsearched.isLate(opened.status, of: pid, at: .now)
            case .gone: throw Unattended()
            case .declined, .unencodable, .unsendable: break
            }
            warn("TLS of a process cannot be followed", facts, &state)
        }
    }

    // MARK: - Threads

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
                    if !answer.give(work()) { post { $0.answer() } }
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
    var attachments: Attachments<HeldDescriptor>
    /// As they were then.
    var unsearched = UnsearchedFiles<FileStatus>()

    /// Processes of which something did not answer.
    var setAside: Set<UInt32> = []
    /// How many process-inspectors there have been, and with how many each process was lost, the last of them.
    var inspectors = 0
    private var losses: [UInt32: (count: Int, last: Int)] = [:]
    var budgets = SearchBudgets()
    var pace = AttachPace()
    /// Of the search that is under way, what was waited for the sake of that.
    var paused = Duration.zero
    var stuck = 0
    var warnings = LineGate(most: 10, interval: .seconds(30))
    var news = LineGate(most: 100, interval: .seconds(5))

    private static let mostLosses = 3

    init(mostFiles: Int) {
        attachments = Attachments(most: mostFiles)
    }

    /// The process-inspector went while it was looked at, or was not there.
    ///
    /// - Returns: whether it is to be searched again.
    mutating func lost(_ pid: UInt32) -> Bool {
        var known = losses[pid] ?? (0, -1)
        if known.last != inspectors { known = (known.count + 1, inspectors) }
        losses[pid] = known
        return known.count < State.mostLosses
    }

    mutating func leave(_ pid: UInt32) -> [HeldDescriptor] {
        setAside.remove(pid)
        losses[pid] = nil
        return attachments.remove(pid)
    }
}
