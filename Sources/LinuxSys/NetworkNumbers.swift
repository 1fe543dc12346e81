/// By which numbers this process's network namespace knows others. The kernel gives one to each that an interface of
/// this one leads to, and tells everybody.
public struct NetworkNumbers: ~Copyable, Sendable {
    /// Its number, which system call filters name.
    public static let descriptor: Int32 = 102

    private var socket: RouteSocket
    private var sequence: UInt32 = 0

    /// - Throws: `SysError`, also where that descriptor is taken.
    public init() throws(SysError) {
        socket = try RouteSocket(descriptor: NetworkNumbers.descriptor, groups: 0)
    }

    /// The number of the network namespace that a process is in; below 0 where it is this one, has none, or there is no
    /// such process.
    public mutating func number(of process: UInt32) throws(SysError) -> Int32 {
        sequence &+= 1
        // struct nlmsghdr (RTM_GETNSID; NLM_F_REQUEST), an empty struct rtgenmsg, and attribute NETNSA_PID.
        try socket.ask([28, 90 | (1 << 16), sequence, 0, 0, 8 | (2 << 16), process])
        // The kernel has answered before it returns. What is older is an answer that nobody waited for.
        let asked = sequence
        while let answer = try socket.next({ NetworkNumberMessage.parse($0, to: asked) }) {
            if let number = answer { return number }
        }
        return -1
    }
}
