/// The interfaces of this process's network namespace: those that are there, and those that come and go.
public struct InterfaceWatch: ~Copyable, Sendable {
    /// Its number, which system call filters name.
    public static let descriptor: Int32 = 100

    private var socket: RouteSocket

    /// `RTMGRP_LINK` of linux/rtnetlink.h.
    private static let links: UInt32 = 1
    /// Longer than the kernel makes its datagrams.
    private static let longest = 65_536
    /// What comes while containers start by the dozen.
    private static let room: Int32 = 2 << 20

    /// - Throws: `SysError`, also where that descriptor is taken.
    public init() throws(SysError) {
        socket = try RouteSocket(
            descriptor: InterfaceWatch.descriptor, groups: InterfaceWatch.links, longest: InterfaceWatch.longest)
        socket.makeRoom(InterfaceWatch.room)
    }

    /// Asks the kernel to name all that are there; `next` has the answer.
    public borrowing func askForAll() throws(SysError) {
        // struct nlmsghdr (RTM_GETLINK; NLM_F_REQUEST, NLM_F_DUMP), and an empty struct ifinfomsg.
        try socket.ask([32, 18 | (0x301 << 16), 1, 0, 0, 0, 0, 0])
    }

    /// What came since, or nil when nothing did.
    ///
    /// - Throws: `SysError`; ENOBUFS when something was lost, so that all have to be asked for again.
    public mutating func next() throws(SysError) -> [InterfaceMessages.Message]? {
        try socket.next(InterfaceMessages.parse)
    }
}
