internal import CLinux
internal import Glibc

/// The interfaces of this process's network namespace: those that are there, and those that come and go.
public struct InterfaceWatch: ~Copyable, Sendable {
    /// Its number, which system call filters name.
    public static let descriptor: Int32 = 100

    private let socket: OwnedFD
    private var buffer: [UInt8]

    /// Longer than the kernel makes its datagrams.
    private static let room = 65_536

    /// - Throws: `SysError`, also where that descriptor is taken.
    public init() throws(SysError) {
        socket = try InterfaceWatch.open()
        buffer = Array(repeating: 0, count: InterfaceWatch.room)
    }

    private static func open() throws(SysError) -> OwnedFD {
        let kind = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let number = Glibc.socket(AF_NETLINK, kind, 0)
        guard number >= 0 else { throw SysError("socket", "AF_NETLINK", code: errno) }
        let first = OwnedFD(adopting: number)
        // struct sockaddr_nl: family u16, padding u16, port u32, groups u32 (RTMGRP_LINK).
        var address: (UInt16, UInt16, UInt32, UInt32) = (UInt16(AF_NETLINK), 0, 0, 1)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(number, $0, 12) }
        }
        guard bound == 0 else { throw SysError("bind", "AF_NETLINK", code: errno) }
        let moved = OwnedFD(adopting: hilo_fcntl(first.rawValue, F_DUPFD_CLOEXEC, descriptor))
        guard moved.rawValue >= 0 else { throw SysError("fcntl F_DUPFD_CLOEXEC", code: errno) }
        guard moved.rawValue == descriptor else { throw SysError("descriptor of netlink", code: EBUSY) }
        return moved
    }

    /// Asks the kernel to name all that are there; `next` has the answer.
    public borrowing func askForAll() throws(SysError) {
        // struct nlmsghdr (RTM_GETLINK; NLM_F_REQUEST, NLM_F_DUMP), and an empty struct ifinfomsg.
        let question: [UInt32] = [32, 18 | (0x301 << 16), 1, 0, 0, 0, 0, 0]
        let count = question.withUnsafeBytes { Glibc.write(socket.rawValue, $0.baseAddress, $0.count) }
        guard count == 32 else { throw SysError("write", "RTM_GETLINK", code: errno) }
    }

    /// What came since, or nil when nothing did.
    ///
    /// - Throws: `SysError`; ENOBUFS when something was lost, so that all have to be asked for again.
    public mutating func next() throws(SysError) -> [InterfaceMessages.Message]? {
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(socket.rawValue, $0.baseAddress, $0.count) }
            if count >= 0 { return buffer.withUnsafeBytes { InterfaceMessages.parse(.init(rebasing: $0[0..<count])) } }
            if errno == EAGAIN { return nil }
            guard errno == EINTR else { throw SysError("read", "AF_NETLINK", code: errno) }
        }
    }
}
