import BPFABI
import ELF
import LinuxSys
import Supervise

/// The functions of OpenSSL in which a connection's plaintext passes.
enum OpenSSLFunctions {
    private static let cookies: [String: UInt64] = [
        "SSL_do_handshake": UInt64(HILO_TLS_HANDSHAKE.rawValue),
        "SSL_read": UInt64(HILO_TLS_READ.rawValue),
        "SSL_read_ex": UInt64(HILO_TLS_READ_EX.rawValue),
        "SSL_write": UInt64(HILO_TLS_WRITE.rawValue),
        "SSL_write_ex": UInt64(HILO_TLS_WRITE_EX.rawValue),
    ]

    /// Where a file has them; none where it does not hold OpenSSL. 1.0 and 1.1 lack those that end in `_ex`, or not.
    static func places(in file: HeldDescriptor) throws(ELFError) -> [UprobeLink.Function] {
        let offsets = try ELFFile(OpenFile(file)).offsets(of: Set(cookies.keys))
        guard offsets["SSL_read"] != nil, offsets["SSL_write"] != nil else { return [] }
        return offsets.compactMap { name, offset in
            cookies[name].map { UprobeLink.Function(offset: offset, cookie: $0) }
        }
    }
}

/// A file of a process, as the inspector has opened it.
private struct OpenFile: RandomAccess {
    private let file: HeldDescriptor

    init(_ file: HeldDescriptor) {
        self.file = file
    }

    func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ELFError) -> Int {
        do throws(SysError) {
            return try file.withDescriptor { (file) throws(SysError) in try file.read(into: buffer, at: offset) }
        } catch {
            throw .unreadable(code: error.code)
        }
    }
}
