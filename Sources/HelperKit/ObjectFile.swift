internal import LinuxSys
internal import Wire

/// Compiled programs for the kernel, as files of the installation: `../../lib/hilo/bpf`, seen from this executable.
public enum ObjectFile {
    /// More than any build of an object: a bound, not a size.
    private static let mostBytes = 16 << 20

    /// Reads one.
    ///
    /// Whoever owns a directory above can exchange what the path leads to. So it is not the path that is trusted but
    /// the file: nobody but root can have written it.
    ///
    /// - Parameters:
    ///   - name: of the file.
    ///   - programs: what is in it, in words that begin a sentence.
    /// - Throws: `HelperFault` when it is not there, or when another user than root could have written it.
    public static func read(_ name: String, of programs: String) throws(HelperFault) -> [UInt8] {
        let path = try path(of: name)
        let bytes: [UInt8]
        let isTrusted: Bool
        do throws(SysError) {
            let file = try OwnedFD.open(path)
            isTrusted = try file.isOnlyRoots(beside: try OwnExecutable.file())
            bytes = try file.contents(atMost: mostBytes)
        } catch {
            throw HelperFault(.fault, "\(programs) cannot be read: \(error); 'make stage' puts them there")
        }
        guard isTrusted else {
            throw HelperFault(
                .privilege,
                "Others than root may have written \(path), and what is in it runs in the kernel: it must belong to "
                    + "root, be writable for nobody else (chown root, chmod go-w) and lie on this helper's file system")
        }
        return bytes
    }

    private static func path(of name: String) throws(HelperFault) -> String {
        let executable = OwnExecutable.path()
        guard let end = executable.lastIndex(of: "/") else {
            throw HelperFault(.fault, "The path of this program has no directory: \(executable)")
        }
        return "\(executable[..<end])/../../lib/hilo/bpf/\(name)"
    }
}
