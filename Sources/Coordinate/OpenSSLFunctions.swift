import BPFABI
import ELF
import LinuxSys

/// The functions of OpenSSL in which a connection's plaintext passes, and the one in which it ends.
enum OpenSSLFunctions {
    private static let cookies: [String: UInt64] = [
        "SSL_do_handshake": UInt64(HILO_TLS_HANDSHAKE.rawValue),
        "SSL_read": UInt64(HILO_TLS_READ.rawValue),
        "SSL_read_ex": UInt64(HILO_TLS_READ_EX.rawValue),
        "SSL_write": UInt64(HILO_TLS_WRITE.rawValue),
        "SSL_write_ex": UInt64(HILO_TLS_WRITE_EX.rawValue),
        "SSL_free": UInt64(HILO_TLS_FREE.rawValue),
    ]

    /// Where a file has them; none where it does not hold OpenSSL.
    ///
    /// - Parameter file: open for reading.
    static func places(in file: consuming OwnedFD) throws(ELFError) -> [UprobeLink.Function] {
        let offsets = try ELFFile(OpenFile(file: file)).offsets(of: Set(cookies.keys))
        guard offsets["SSL_read"] != nil, offsets["SSL_write"] != nil else { return [] }
        return offsets.compactMap { name, offset in
            cookies[name].map { UprobeLink.Function(offset: offset, cookie: $0) }
        }
    }
}

private struct OpenFile: RandomAccess, ~Copyable {
    let file: OwnedFD

    func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ELFError) -> Int {
        do throws(SysError) {
            return try file.read(into: buffer, at: offset)
        } catch {
            throw .unreadable(code: error.code)
        }
    }
}
