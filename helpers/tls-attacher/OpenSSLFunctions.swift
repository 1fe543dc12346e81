internal import BPFABI
internal import ELF
internal import HelperKit
internal import LinuxSys
internal import Wire

/// The functions of OpenSSL in which a connection's plaintext passes, and the one in which it ends.
enum OpenSSLFunctions {
    private static let cookies: [String: UInt64] = [
        "SSL_do_handshake": UInt64(HILO_TLS_HANDSHAKE.rawValue),
        "SSL_read": UInt64(HILO_TLS_READ.rawValue),
        "SSL_read_ex": UInt64(HILO_TLS_READ_EX.rawValue),
        "SSL_write": UInt64(HILO_TLS_WRITE.rawValue),
        "SSL_write_ex": UInt64(HILO_TLS_WRITE_EX.rawValue),
        "SSL_free": UInt64(HILO_TLS_FREE.rawValue),
        "SSL_read_early_data": UInt64(HILO_TLS_EARLY.rawValue),
        "SSL_write_early_data": UInt64(HILO_TLS_EARLY.rawValue),
        "SSL_sendfile": UInt64(HILO_TLS_SENDFILE.rawValue),
    ]

    /// Where a file has them.
    ///
    /// - Throws: `Declined`, with `AttachRequest.noOpenSSL` for a file that does not hold OpenSSL.
    static func found(in file: borrowing OwnedFD) throws(Declined) -> [UprobeLink.Function] {
        let isRegular = try Declined.translating { () throws(SysError) in try file.fileStatus().isRegular }
        guard isRegular else { throw Declined(.invalid, text: "it is no ordinary file") }
        let offsets: [String: UInt64]
        do throws(ELFError) {
            offsets = try ELFFile(OpenFile(number: file.rawValue)).offsets(of: Set(cookies.keys))
        } catch {
            if case .unreadable(let code) = error { throw Declined(.refused, errno: code, text: "\(error)") }
            throw Declined(.invalid, errno: AttachRequest.noOpenSSL, text: "\(error)")
        }
        guard offsets["SSL_read"] != nil, offsets["SSL_write"] != nil else {
            throw Declined(.invalid, errno: AttachRequest.noOpenSSL, text: "it does not hold OpenSSL")
        }
        return offsets.compactMap { name, offset in
            cookies[name].map { UprobeLink.Function(offset: offset, cookie: $0) }
        }
    }
}

/// A file that somebody else closes.
private struct OpenFile: RandomAccess, ~Copyable {
    let number: Int32

    func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ELFError) -> Int {
        do throws(SysError) {
            return try OwnedFD.read(number, into: buffer, at: offset)
        } catch {
            throw .unreadable(code: error.code)
        }
    }
}
