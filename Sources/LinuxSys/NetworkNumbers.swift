/// By which numbers this process's network namespace knows others. The kernel gives one to each that an interface of
/// this one leads to or has gone to, and tells everybody.
public struct NetworkNumbers: ~Copyable, Sendable {
    /// Its number, which system call filters name.
    public static let descriptor: Int32 = 102

    private var socket: RouteSocket
    private var sequence: UInt32 = 0

    /// More than an answer has.
    private static let longest = 1024

    /// - Throws: `SysError`, also where that descriptor is taken.
    public init() throws(SysError) {
        socket = try RouteSocket(descriptor: NetworkNumbers.descriptor, groups: 0, longest: NetworkNumbers.longest)
    }

    /// The cookie of this process's own, which programs in the kernel know it by.
    public borrowing func cookie() throws(SysError) -> UInt64 {
        try socket.networkCookie()
    }

    /// The number of the network namespace that a process is in. It may be this one, which can have a number like any
    /// other.
    public mutating func number(of process: UInt32) throws(SysError) -> NetworkNumberMessage.Answer {
        sequence &+= 1
        // struct nlmsghdr (RTM_GETNSID; NLM_F_REQUEST), an empty struct rtgenmsg, and attribute NETNSA_PID.
        try socket.ask([28, 90 | (1 << 16), sequence, 0, 0, 8 | (2 << 16), process])
        // The kernel has answered before it returns. What is older is an answer that nobody waited for.
        let asked = sequence
        while let answer = try socket.next({ NetworkNumberMessage.parse($0, to: asked) }) {
            if let answer { return answer }
        }
        return .failed
    }
}
