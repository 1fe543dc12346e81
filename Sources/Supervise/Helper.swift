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

    public let plan: HelperPlan
    let starter: any HelperStarting
    let abiVersion: UInt32
    let patience: HelperLife.Patience
    let logger: Logger
    let onRecords: RecordConsumer
    let onChange: @Sendable (Change) -> Void
    let replies = PendingReplies()
    /// While there is a process to talk to.
    private let connection = Mutex<Connection?>(nil)
    private let bell: StopBell

    /// - Parameters:
    ///   - abiVersion: of the records that the helper has to hand over; 0 for none.
    ///   - logger: for what the helper itself has to say.
    public init(
        _ plan: HelperPlan, starter: any HelperStarting, abiVersion: UInt32 = 0,
        patience: HelperLife.Patience = HelperLife.Patience(), logger: Logger,
        onRecords: @escaping RecordConsumer = { (_, _) throws(WireError) in throw .unexpectedKind(.records) },
        onChange: @escaping @Sendable (Change) -> Void
    ) throws(SysError) {
        self.plan = plan
        self.starter = starter
        self.abiVersion = abiVersion
        self.patience = patience
        self.logger = logger
        self.onRecords = onRecords
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

    /// Asks one thing.
    ///
    /// - Parameter limit: how long to wait for the first answer to any question, and for each next one until it is this
    ///   one's; give or take a quarter of a second.
    public func ask<Request: WireRequest>(
        _ request: Request, within limit: Duration = .seconds(5)
    ) async throws(AskError) -> Request.Reply {
        guard let connection = connection.withLock({ $0 }) else { throw .gone }
        let result: Result<Request.Reply, AskError> = await withCheckedContinuation { continuation in
            let id = replies.add(
                reply: Request.Reply.kind, now: MonotonicClock.now(), limit: limit.wholeNanoseconds
            ) { outcome in
                switch outcome {
                case .failed(let error):
                    continuation.resume(returning: .failure(error))
                    return nil
                case .reply(let frame):
                    let (result, wrong) = Helper.decode(frame, as: Request.Reply.self)
                    continuation.resume(returning: result)
                    return wrong
                }
            }
            if let error = connection.send(request, id: id) { replies.fail(id, error) }
            // The session may have closed between taking the connection and adding the question.
            if self.connection.withLock({ $0 !== connection }) { replies.fail(id, .gone) }
        }
        return try result.get()
    }

    private static func decode<Reply: WireMessage>(
        _ frame: Frame, as type: Reply.Type
    ) -> (Result<Reply, AskError>, WireError?) {
        do throws(WireError) {
            if frame.kind == .declined { return (.failure(.declined(try frame.decode(Declined.self))), nil) }
            return (.success(try frame.decode(type)), nil)
        } catch {
            return (.failure(.gone), error)
        }
    }

    /// The session has a new channel, or none.
    func connect(_ new: Connection?) {
        connection.withLock { $0 = new }
        if new == nil { replies.failAll() }
    }

    /// Readable when `stop` was called.
    var stopDescriptor: Int32 { bell.descriptor }
}

/// A channel that several threads send on. Each message is sent whole by the kernel.
final class Connection: Sendable {
    let channel: Channel

    init(_ channel: consuming Channel) {
        self.channel = channel
    }

    /// Sends without waiting: a helper whose queue is full of questions is not serving.
    func send(_ request: some WireRequest, id: UInt32) -> AskError? {
        do throws(WireError) {
            let bytes = try request.encoded(id: id)
            do throws(SysError) {
                try channel.send(bytes, waiting: false)
                return nil
            } catch {
                return error.code == Errno.brokenPipe || error.code == Errno.connectionReset
                    ? .gone : .unsendable(error)
            }
        } catch {
            return .unencodable(error)
        }
    }
}

/// Wakes a thread that polls, once and for good.
final class StopBell: Sendable {
    private let reader: OwnedFD
    private let writer: Mutex<OwnedFD?>

    init() throws(SysError) {
        var pipe = try Pipe()
        guard let reader = pipe.takeReader(), let writer = pipe.takeWriter() else {
            throw SysError("pipe2", code: Errno.badDescriptor)
        }
        self.reader = reader
        self.writer = Mutex(writer)
    }

    /// Hung up once it has rung.
    var descriptor: Int32 { reader.rawValue }

    func ring() {
        writer.withLock { $0 = nil }
    }
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
