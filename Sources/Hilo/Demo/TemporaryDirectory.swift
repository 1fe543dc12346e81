import Glibc
import LinuxSys
import Wire

/// A directory of this process's own, removed with its files at the end.
enum TemporaryDirectory {
    static func with(_ body: (String) throws(Leaving) -> Void) throws(Leaving) {
        var template = Array("/tmp/hilo-demo-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Leaving(.fault, "error: /tmp: \(SysError.text(of: errno))") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { remove(path) }
        try body(path)
    }

    /// Contents before their directory. A link is removed, not followed. What does not go away stays in /tmp.
    private static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        var names: [String] = []
        do throws(SysError) {
            try HeldDirectory(path).forEachName { name in
                names.append(String(decoding: name, as: UTF8.self))
                return true
            }
        } catch {
            return
        }
        for name in names { remove("\(path)/\(name)") }
        rmdir(path)
    }
}
