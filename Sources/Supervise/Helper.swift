public import LinuxSys
public import Logging
internal import Synchronization
public import Wire

/// One helper, kept alive: the thin shell around `HelperLife`, with one thread that reads what it says.
public final class Helper: Sendable {
    /// Something that whoever runs helpers has to know. Told in the helper's thread, which must not be held up.
    public enum Change: Sendable {
        /// It has greeted and can be asked things. An heir goes on with what another one loaded.
        case ready(Hello, pid: Int32, isHeir: Bool)
        /// What outlives it is in the coordinator's hands, and of that what other helpers work on.
        case entrusted([LoanedDescriptor])
        /// It is gone and will be started again.
        case lost(Explanation, retryAfter: Duration)
        /// It is gone for good.
        case gaveUp(Explanation)
        /// It has left as it was asked to.
        case stopped
    }

    /// Gets each batch of records in the helper's thread, in order, before the next one is read. What it throws ends
    /// the helper as one that breaks the protocol. The number is of the ring that they come from: it grows with each
    /// helper that loads capture, and stays the same for heirs.
    public typealias RecordConsumer = @Sendable (inout Records, _ ring: Int) throws(WireError) -> Void

    /// Whether whoever takes the records can take more. Asked in the helper's thread before each message; while it is
    /// told that not, nothing is read: what piles up does so in the kernel's ring, where a loss is counted. What the
    /// helper sent before it ended is read all the same.
    public typealias RoomTeller = @Sendable (_ isAsked: Bool) -> Bool

    /// What a helper gets before it greets. Asked in its thread each time that it is to be started.
    public typealias Lender = @Sendable () throws(StartFailure) -> [LoanedDescriptor]

    public let plan: HelperPlan
    let starter: any HelperStarting
    let abiVersion: UInt32
    let patience: HelperLife.Patience
    let logger: Logger
    let onRecords: RecordConsumer
    let hasRoom: RoomTeller
    let loans: Lender
    let onChange: @Sendable (Change) -> Void
    /// While there is a process to talk to.
    private let connection = Mutex<Connection?>(nil)
    private let bell: StopBell
    private let isOutdated = Mutex(false)

    /// - Parameters:
    ///   - abiVersion: of the records that the helper has to hand over; 0 for none.
    ///   - logger: for what the helper itself has to say.
    ///   - hasRoom: is told whether an answer is waited for, which comes behind what the helper sent before.
    public init(
        _ plan: HelperPlan, starter: any HelperStarting, abiVersion: UInt32 = 0,
        patience: HelperLife.Patience = HelperLife.Patience(), logger: Logger,
        onRecords: @escaping RecordConsumer = { (_, _) throws(WireError) in throw .unexpectedKind(.records) },
        hasRoom: @escaping RoomTeller = { _ in true },
        loans: @escaping Lender = { () throws(StartFailure) in [] }, onChange: @escaping @Sendable (Change) -> Void
    ) throws(SysError) {
        self.plan = plan
        self.starter = starter
        self.abiVersion = abiVersion
        self.patience = patience
        self.logger = logger
        self.onRecords = onRecords
        self.hasRoom = hasRoom
        self.loans = loans
        self.onChange = onChange
        bell = try StopBell()
    }

    /// Starts the helper and keeps it running until `stop`.
    public func start() throws(SysError) {
        try BlockingThread.start(name: plan.manifest.name.replacingPrefix("hilo-", with: "")) { [self] in
            var session = HelperSession(self)
            session.run()
        }
    }

    /// Asks the helper to leave; `Change.stopped` says that it has.
    public func stop() {
        bell.ring()
    }

    /// Has the helper leave and be started again, within a quarter of a second: what it was lent is out of date.
    public func renew() {
        isOutdated.withLock { $0 = true }
    }

    /// Asks the helper to leave at `deadline`, unless the task is cancelled before. Whoever waits for an answer then
    /// has waited in vain, whatever else the helper says.
    public func stop(at deadline: ContinuousClock.Instant) -> Task<Void, Never> {
        Task {
            do {
                try await Task.sleep(until: deadline, clock: .continuous)
            } catch {
                return
            }
            stop()
        }
    }

    /// Asks one thing.
    ///
    /// - Parameter limit: how long to wait for the first answer to any question, and for each next one until it is this
    ///   one's; give or take a quarter of a second.
    public func ask<Request: WireRequest>(
        _ request: Request, within limit: Duration = .seconds(5)
    ) async throws(AskError) -> Request.Reply {
        try await ask(request, within: limit, checking: { (_) throws(WireError) in }).reply
    }

    /// Asks for a page of processes; one that does not follow the page before it ends the helper.
    public func ask(_ request: ScanRequest, within limit: Duration = .seconds(5)) async throws(AskError) -> ScanReply {
        try await ask(request, within: limit, checking: { (page) throws(WireError) in try request.check(page) }).reply
    }

    /// Asks about a process; an answer about another one ends the helper.
    public func ask(
        _ request: DescribeRequest, within limit: Duration = .seconds(5)
    ) async throws(AskError) -> ProcessDescription {
        try await ask(request, within: limit) { (process) throws(WireError) in try request.check(process) }.reply
    }

    /// Asks for a file of a process, which comes as a descriptor.
    public func open(
        _ request: LibraryRequest, within limit: Duration = .seconds(5)
    ) async throws(AskError) -> (LibraryReply, HeldDescriptor) {
        let (reply, descriptors) = try await ask(request, within: limit) { (_) throws(WireError) in }
        guard let file = descriptors.first else { throw .gone }
        return (reply, file)
    }

    /// Asks for programs to be attached to OpenSSL in a file.
    ///
    /// - Parameter file: open for reading.
    /// - Returns: what keeps them attached.
    public func attach(
        _ request: AttachRequest, to file: HeldDescriptor, within limit: Duration = .seconds(5)
    ) async throws(AskError) -> [HeldDescriptor] {
        try await ask(request, with: [file], within: limit) { (_) throws(WireError) in }.descriptors
    }

    /// - Parameter check: throws when a reply, though sound, does not answer the request.
    private func ask<Request: WireRequest>(
        _ request: Request, with descriptors: [HeldDescriptor] = [], within limit: Duration,
        checking check: @escaping @Sendable (Request.Reply) throws(WireError) -> Void
    ) async throws(AskError) -> (reply: Request.Reply, descriptors: [HeldDescriptor]) {
        guard let connection = connection.withLock({ $0 }) else { throw .gone }
        let result: Result<(Request.Reply, [HeldDescriptor]), AskError> = await withCheckedContinuation { waiting in
            let error = connection.ask(request, with: descriptors, limit: limit.wholeNanoseconds) { outcome in
                switch outcome {
                case .failed(let error):
                    waiting.resume(returning: .failure(error))
                    return nil
                case .reply(let frame, let descriptors):
                    let (result, wrong) = Helper.decode(frame, check)
                    waiting.resume(returning: result.map { ($0, descriptors) })
                    return wrong
                }
            }
            if let error { waiting.resume(returning: .failure(error)) }
        }
        return try result.get()
    }

    private static func decode<Reply: WireMessage>(
        _ frame: Frame, _ check: (Reply) throws(WireError) -> Void
    ) -> (Result<Reply, AskError>, WireError?) {
        do throws(WireError) {
            if frame.kind == .declined { return (.failure(.declined(try frame.decode(Declined.self))), nil) }
            let reply = try frame.decode(Reply.self)
            try check(reply)
            return (.success(reply), nil)
        } catch {
            return (.failure(.gone), error)
        }
    }

    /// The session has a new channel, or none.
    func connect(_ new: Connection?) {
        connection.withLock { $0 = new }
    }

    /// Whether `renew` was called since this was asked last.
    func takeRenewal() -> Bool {
        isOutdated.withLock { isOutdated in
            defer { isOutdated = false }
            return isOutdated
        }
    }

    /// Readable when `stop` was called.
    var stopDescriptor: Int32 { bell.descriptor }
}

extension Duration {
    /// Whole nanoseconds, none for a negative duration.
    var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product &+ UInt64(attoseconds / 1_000_000_000)
    }
}

extension String {
    func replacingPrefix(_ prefix: String, with other: String) -> String {
        hasPrefix(prefix) ? other + dropFirst(prefix.count) : self
    }
}
