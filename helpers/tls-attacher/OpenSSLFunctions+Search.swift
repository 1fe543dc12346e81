internal import ELF
internal import HelperKit
internal import LinuxSys
internal import Wire

extension OpenSSLFunctions {
    /// Where a file has them, by name.
    ///
    /// - Throws: `Declined`, with `AttachRequest.noOpenSSL` for a file that does not hold OpenSSL.
    static func found(in file: borrowing OwnedFD) throws(Declined) -> [String: UInt64] {
        let isRegular = try Declined.translating { () throws(SysError) in try file.fileStatus().isRegular }
        guard isRegular else { throw Declined(.invalid, text: "it is no ordinary file") }
        let offsets: [String: UInt64]
        do throws(ELFError) {
            offsets = try ELFFile(OpenFile(number: file.rawValue)).offsets(of: names)
        } catch {
            if case .unreadable(let code) = error { throw Declined(.refused, errno: code, text: "\(error)") }
            throw Declined(.invalid, errno: AttachRequest.noOpenSSL, text: "\(error)")
        }
        guard offsets["SSL_read"] != nil, offsets["SSL_write"] != nil else {
            throw Declined(.invalid, errno: AttachRequest.noOpenSSL, text: "it does not hold OpenSSL")
        }
        return offsets
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
