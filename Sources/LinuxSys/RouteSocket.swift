internal import CLinux
internal import Glibc

/// A socket of rtnetlink(7), under a number that system call filters name. It is read and written like a file, and
/// never waited for.
struct RouteSocket: ~Copyable, Sendable {
    private let socket: OwnedFD
    private var buffer: [UInt8]

    /// - Parameters:
    ///   - groups: what it is told of unasked, `RTMGRP_*` of linux/rtnetlink.h.
    ///   - longest: bytes of a datagram; what is longer is cut.
    /// - Throws: `SysError`, also where that descriptor is taken.
    init(descriptor: Int32, groups: UInt32, longest: Int) throws(SysError) {
        socket = try RouteSocket.open(descriptor, groups)
        buffer = Array(repeating: 0, count: longest)
    }

    private static func open(_ descriptor: Int32, _ groups: UInt32) throws(SysError) -> OwnedFD {
        let kind = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let number = Glibc.socket(AF_NETLINK, kind, 0)
        guard number >= 0 else { throw SysError("socket", "AF_NETLINK", code: errno) }
        let first = OwnedFD(adopting: number)
        // struct sockaddr_nl: family u16, padding u16, port u32, groups u32.
        var address: (UInt16, UInt16, UInt32, UInt32) = (UInt16(AF_NETLINK), 0, 0, groups)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(number, $0, 12) }
        }
        guard bound == 0 else { throw SysError("bind", "AF_NETLINK", code: errno) }
        let moved = OwnedFD(adopting: hilo_fcntl(first.rawValue, F_DUPFD_CLOEXEC, descriptor))
        guard moved.rawValue >= 0 else { throw SysError("fcntl F_DUPFD_CLOEXEC", code: errno) }
        guard moved.rawValue == descriptor else { throw SysError("descriptor of netlink", code: EBUSY) }
        return moved
    }

    /// Room for what comes before it is read: more than every process may have, where this one is permitted that.
    borrowing func makeRoom(_ bytes: Int32) {
        var bytes = bytes
        let size = socklen_t(MemoryLayout<Int32>.size)
        if setsockopt(socket.rawValue, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, size) != 0 {
            _ = setsockopt(socket.rawValue, SOL_SOCKET, SO_RCVBUF, &bytes, size)
        }
    }

    /// The cookie of its network namespace.
    borrowing func networkCookie() throws(SysError) -> UInt64 {
        var cookie: UInt64 = 0
        var size = socklen_t(MemoryLayout<UInt64>.size)
        guard getsockopt(socket.rawValue, SOL_SOCKET, RouteSocket.cookieOption, &cookie, &size) == 0 else {
            throw SysError("getsockopt", "SO_NETNS_COOKIE", code: errno)
        }
        return cookie
    }

    /// `SO_NETNS_COOKIE` of asm-generic/socket.h, since 5.14.
    private static let cookieOption: Int32 = 71

    /// Sends one message, header and all.
    borrowing func ask(_ question: [UInt32]) throws(SysError) {
        let count = question.withUnsafeBytes { Glibc.write(socket.rawValue, $0.baseAddress, $0.count) }
        guard count == question.count * 4 else { throw SysError("write", "AF_NETLINK", code: errno) }
    }

    /// The next datagram, as it is understood, or nil when there is none.
    ///
    /// - Throws: `SysError`; ENOBUFS when something was lost.
    mutating func next<Answer>(_ understand: (UnsafeRawBufferPointer) -> Answer) throws(SysError) -> Answer? {
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(socket.rawValue, $0.baseAddress, $0.count) }
            if count >= 0 { return buffer.withUnsafeBytes { understand(.init(rebasing: $0[0..<count])) } }
            if errno == EAGAIN { return nil }
            guard errno == EINTR else { throw SysError("read", "AF_NETLINK", code: errno) }
        }
    }
}
