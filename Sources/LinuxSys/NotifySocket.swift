internal import Glibc

/// What a service says to its manager: datagrams to the socket that NOTIFY_SOCKET names (sd_notify(3)).
public struct NotifySocket: ~Copyable, Sendable {
    private let socket: OwnedFD
    private let path: String

    /// - Parameter path: an absolute path, or `@` and an abstract name.
    /// - Throws: `SysError`; EAFNOSUPPORT for anything else, ENAMETOOLONG for a name past 107 bytes.
    public init(_ path: String) throws(SysError) {
        guard path.hasPrefix("/") || path.hasPrefix("@"), path.utf8.count > 1 else {
            throw SysError("NOTIFY_SOCKET", code: EAFNOSUPPORT)
        }
        guard path.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else {
            throw SysError("NOTIFY_SOCKET", code: ENAMETOOLONG)
        }
        let number = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SysError("socket", "AF_UNIX", code: errno) }
        self.socket = OwnedFD(adopting: number)
        self.path = path
    }

    /// Sends assignments such as `READY=1`, one a line, without waiting for room.
    public borrowing func send(_ assignments: String) throws(SysError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        // An abstract name begins with a zero byte and ends with the length of the address.
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = MemoryLayout.offset(of: \sockaddr_un.sun_path).map { $0 + bytes.count } ?? 0
        let text = Array(assignments.utf8)
        let sent = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                sendto(
                    socket.rawValue, text, text.count, Int32(truncatingIfNeeded: MSG_NOSIGNAL | MSG_DONTWAIT),
                    generic, socklen_t(length))
            }
        }
        guard sent == text.count else { throw SysError("sendto", "NOTIFY_SOCKET", code: errno) }
    }
}
