public import LinuxSys
public import Wire

/// The coordinator, as a helper sees it: the other end of the channel.
public struct Coordinator: ~Copyable {
    let channel: Channel

    /// Proof that a request was answered; only `reply` and `decline` make one.
    public struct Answer: Sendable {
        let accepted: Bool
    }

    init(channel: consuming Channel) {
        self.channel = channel
    }

    /// Answers a request.
    ///
    /// - Parameter descriptors: as many as the message carries, borrowed.
    public borrowing func reply(
        to request: Frame, with message: some WireMessage, descriptors: [Int32] = []
    ) throws(HelperFault) -> Answer {
        try send(message, id: request.header.id, descriptors: descriptors)
        return Answer(accepted: true)
    }

    /// Answers a request with the reason why it was not fulfilled.
    public borrowing func decline(_ request: Frame, _ declined: Declined) throws(HelperFault) -> Answer {
        try send(declined, id: request.header.id)
        return Answer(accepted: false)
    }

    /// Decodes a request, does `work`, and answers with what came of it.
    public borrowing func answer<Request: WireRequest>(
        _ frame: Frame, _ work: (Request) throws(HelperFault) -> Result<Request.Reply, Declined>
    ) throws(HelperFault) -> Answer {
        let request: Request
        do throws(WireError) {
            request = try frame.decode()
        } catch {
            throw HelperFault(error)
        }
        switch try work(request) {
        case .success(let message): return try reply(to: frame, with: message)
        case .failure(let declined): return try decline(frame, declined)
        }
    }

    /// Says something unasked.
    ///
    /// - Parameter descriptors: as many as the message carries, borrowed.
    public borrowing func send(_ message: some WireMessage, descriptors: [Int32] = []) throws(HelperFault) {
        try send(message, id: 0, descriptors: descriptors)
    }

    /// How long a helper waits for what it gets before it greets: it may have privileges to give up yet.
    private static let patience: UInt64 = 30_000_000_000

    /// Waits for a message that this kind of helper gets before it greets.
    ///
    /// - Parameter buffer: where its descriptors are found afterwards.
    public borrowing func receive<Message: WireMessage>(
        _: Message.Type, into buffer: inout MessageBuffer
    ) throws(HelperFault) -> Message {
        var waiting = PollSet()
        _ = waiting.add(channel.rawValue)
        let ready = try HelperFault.translating { () throws(SysError) in
            try waiting.wait(timeout: Coordinator.patience)
        }
        guard ready > 0 else { throw HelperFault(.fault, "The coordinator sent nothing to begin with") }
        let received = try HelperFault.translating { () throws(SysError) in try channel.receive(into: &buffer) }
        guard case .message = received else { throw .coordinatorGone }
        let descriptors = buffer.countOfDescriptors
        return try buffer.withBytes { (bytes) throws(HelperFault) in
            do throws(WireError) {
                return try Frame(decoding: bytes, descriptors: descriptors).decode()
            } catch {
                throw HelperFault(error)
            }
        }
    }

    /// Sends a whole message that was encoded elsewhere, as a `RecordBatch` does.
    ///
    /// Waits while the coordinator does not keep up: what piles up meanwhile piles up in the ring, where a loss is
    /// counted.
    public borrowing func send(encoded message: UnsafeRawBufferPointer) throws(HelperFault) {
        do throws(SysError) {
            try channel.send(message)
        } catch {
            throw Coordinator.fault(error)
        }
    }

    public borrowing func log(_ level: LogLevel, _ message: String, _ facts: [Fact] = []) throws(HelperFault) {
        try send(LogMessage(level: level, message: message, facts: facts))
    }

    /// Sends without waiting, and without anything left to do should it fail.
    borrowing func sayLast(_ message: LogMessage) {
        do {
            try channel.send(try message.encoded(), waiting: false)
        } catch {
            // The same words go to descriptor 2, and the exit code says the rest.
        }
    }

    private borrowing func send(
        _ message: some WireMessage, id: UInt32, descriptors: [Int32] = []
    ) throws(HelperFault) {
        let bytes: [UInt8]
        do throws(WireError) {
            bytes = try message.encoded(id: id)
        } catch {
            throw HelperFault(.fault, "An answer does not fit a message: \(error)")
        }
        do throws(SysError) {
            try channel.send(bytes, descriptors: descriptors)
        } catch {
            throw Coordinator.fault(error)
        }
    }

    private static func fault(_ error: SysError) -> HelperFault {
        error.code == Errno.brokenPipe || error.code == Errno.connectionReset ? .coordinatorGone : HelperFault(error)
    }
}
