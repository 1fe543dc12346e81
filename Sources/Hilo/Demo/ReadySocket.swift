import Glibc
import LinuxSys
import Wire

/// The other end of NOTIFY_SOCKET: hears when hilo is ready.
final class ReadySocket {
    let path: String
    private let number: Int32

    init(_ path: String) throws(Leaving) {
        self.path = path
        number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard number >= 0, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Leaving(.fault, "error: no socket can be made at \(path)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound else { throw Leaving(.fault, "error: \(path): \(SysError.text(of: errno))") }
    }

    deinit {
        close(number)
    }

    /// Whether READY=1 has arrived since the last call.
    func isReady() -> Bool {
        var isReady = false
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(number, &buffer, buffer.count, 0)
            guard count > 0 else { return isReady }
            let lines = String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n")
            if lines.contains("READY=1") { isReady = true }
        }
    }
}
