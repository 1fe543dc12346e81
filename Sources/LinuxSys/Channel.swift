internal import CLinux
internal import Glibc

/// One end of a SOCK_SEQPACKET connection: whole messages with descriptors, in order, and an end that can be seen.
public struct Channel: ~Copyable, Sendable {
    private let socket: OwnedFD

    /// What came of an attempt to receive.
    public enum Received: Sendable {
        case message
        /// Nothing is waiting (only when not waiting for it).
        case nothing
        /// The other end has closed, or its process is gone.
        case closed
    }

    public init(adopting socket: consuming OwnedFD) {
        self.socket = socket
    }

    /// The number, for poll; it must not outlive this value.
    public var rawValue: Int32 { socket.rawValue }

    /// The socket itself, for handing to a child.
    public consuming func releaseSocket() -> OwnedFD { socket }

    /// Whether descriptor `number` is a connected Unix SOCK_SEQPACKET socket.
    public static func isChannel(_ number: Int32) -> Bool {
        option(number, SO_TYPE) == Int32(SOCK_SEQPACKET.rawValue) && option(number, SO_DOMAIN) == AF_UNIX
    }

    private static func option(_ number: Int32, _ name: Int32) -> Int32? {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(number, SOL_SOCKET, name, &value, &size) == 0 ? value : nil
    }

    /// Sends one message.
    ///
    /// - Parameters:
    ///   - bytes: the message, not empty.
    ///   - descriptors: at most four, borrowed: the receiver gets its own.
    ///   - waiting: whether to wait for room; otherwise EAGAIN is thrown when there is none.
    /// - Throws: `SysError`; EPIPE or ECONNRESET when the other end is gone.
    public borrowing func send(
        _ bytes: UnsafeRawBufferPointer, descriptors: [Int32] = [], waiting: Bool = true
    ) throws(SysError) {
        guard descriptors.count <= MessageBuffer.mostDescriptors else {
            throw SysError("sendmsg", "\(descriptors.count) descriptors", code: Errno.invalid)
        }
        let flags = waiting ? 0 : Int32(truncatingIfNeeded: MSG_DONTWAIT)
        let sent = hilo_send_message(
            socket.rawValue, bytes.baseAddress, bytes.count, descriptors, Int32(descriptors.count), flags)
        guard sent >= 0 else { throw SysError("sendmsg", code: errno) }
        // A SOCK_SEQPACKET send is whole or fails (unix(7)); anything else would be a broken kernel.
        guard sent == bytes.count else { throw SysError("sendmsg", code: Errno.tooLong) }
    }

    public borrowing func send(
        _ bytes: [UInt8], descriptors: [Int32] = [], waiting: Bool = true
    ) throws(SysError) {
        // Carried out of the closure by hand: Array's own closure call is not typed.
        let failure: SysError? = bytes.withUnsafeBytes { raw in
            do throws(SysError) {
                try send(raw, descriptors: descriptors, waiting: waiting)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Receives one whole message into `buffer`, closed-on-exec descriptors included.
    ///
    /// - Throws: `SysError`; EMSGSIZE when the message or its descriptors did not fit, with all of them closed.
    public borrowing func receive(into buffer: inout MessageBuffer, waiting: Bool = true) throws(SysError) -> Received {
        let flags = waiting ? 0 : Int32(truncatingIfNeeded: MSG_DONTWAIT)
        var (received, code) = receive(into: &buffer, flags: flags)
        // The other end was closed with messages unread there. That is said once, before those that wait here.
        if received < 0, code == ECONNRESET { (received, code) = receive(into: &buffer, flags: flags) }
        switch received {
        case 1...: return .message
        case 0: return .closed
        default:
            if code == EAGAIN || code == EWOULDBLOCK { return .nothing }
            if code == ECONNRESET { return .closed }
            throw SysError("recvmsg", code: code)
        }
    }

    private borrowing func receive(into buffer: inout MessageBuffer, flags: Int32) -> (received: Int, code: Int32) {
        let number = socket.rawValue
        var code: Int32 = 0
        let received = buffer.fill { storage, descriptors, count in
            let result = hilo_receive_message(
                number, storage.baseAddress, storage.count, descriptors, Int32(MessageBuffer.mostDescriptors), &count,
                flags)
            code = errno
            return result
        }
        return (received, code)
    }
}

/// Both ends of a channel, closed on exec.
public struct ChannelPair: ~Copyable, Sendable {
    private var first: Channel?
    private var second: Channel?

    public init() throws(SysError) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw SysError("socketpair", code: errno)
        }
        first = Channel(adopting: OwnedFD(adopting: ends[0]))
        second = Channel(adopting: OwnedFD(adopting: ends[1]))
    }

    /// The end that this process keeps; nil when it was taken before.
    public mutating func takeOwn() -> Channel? { first.take() }

    /// The end for the other process; nil when it was taken before.
    public mutating func takePeer() -> Channel? { second.take() }
}
