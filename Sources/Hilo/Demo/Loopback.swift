import Glibc
import LinuxSys
import Wire

/// TCP ports of this machine's own.
enum Loopback {
    /// Ports on which nobody listens, all different.
    static func freePorts(_ count: Int) throws(Leaving) -> [UInt16] {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        var ports: [UInt16] = []
        for _ in 0..<count {
            let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard number >= 0 else { throw Leaving(.fault, "error: socket: \(SysError.text(of: errno))") }
            sockets.append(number)
            var address = address(port: 0)
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            var filled = size
            let isBound = withGeneric(&address) { generic in
                bind(number, generic, size) == 0 && getsockname(number, generic, &filled) == 0
            }
            guard isBound else { throw Leaving(.fault, "error: bind: \(SysError.text(of: errno))") }
            ports.append(UInt16(bigEndian: address.sin_port))
        }
        return ports
    }

    /// Whether somebody takes connections.
    static func answers(on port: UInt16) -> Bool {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return false }
        defer { close(number) }
        var address = address(port: port)
        return withGeneric(&address) { connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        return address
    }

    private static func withGeneric<Result>(
        _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> Result
    ) -> Result {
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
        }
    }
}
