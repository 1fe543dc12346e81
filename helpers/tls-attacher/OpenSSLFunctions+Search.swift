internal import ELF
internal import HelperKit
internal import LinuxSys
internal import Wire

extension OpenSSLFunctions {
    /// Where to attach to in a file, by the function's name.
    ///
    /// - Throws: `Declined`, with `AttachRequest.noOpenSSL` for a file that does not hold OpenSSL.
    static func found(in file: borrowing OwnedFD) throws(Declined) -> [String: UInt64] {
        let isRegular = try Declined.translating { () throws(SysError) in try file.fileStatus().isRegular }
        guard isRegular else { throw Declined(.invalid, text: "it is no ordinary file") }
        let entries: [String: UInt64]
        do throws(ELFError) {
            entries = try self.entries(in: ELFFile(OpenFile(number: file.rawValue)))
        } catch {
            if case .unreadable(let code) = error { throw Declined(.refused, errno: code, text: "\(error)") }
            throw Declined(.invalid, errno: AttachRequest.noOpenSSL, text: "\(error)")
        }
        guard !entries.isEmpty else {
            throw Declined(.invalid, errno: AttachRequest.noOpenSSL, text: "it does not hold OpenSSL")
        }
        return entries
    }

    /// Nothing for a file that does not hold OpenSSL.
    private static func entries(in file: borrowing ELFFile<OpenFile>) throws(ELFError) -> [String: UInt64] {
        var offsets = try file.offsets(of: names, also: helping)
        guard offsets["SSL_read"] != nil, offsets["SSL_write"] != nil else { return [:] }
        for one in shared {
            guard let wrapper = offsets[one.wrapper], let caller = offsets[one.caller],
                let callee = try file.callee(of: wrapper, and: caller)
            else { continue }
            for name in one.callers { offsets[name] = nil }
            offsets[one.function.name] = callee
        }
        var entries: [String: UInt64] = [:]
        for (name, offset) in offsets { entries[name] = try file.entry(of: offset) }
        return entries
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
