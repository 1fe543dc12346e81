import LinuxSys

/// The directory of a spool, checked and locked.
///
/// It belongs to whom hilo runs as and nobody else may open it, so that what is found in it is what was put there.
enum SpoolDirectory {
    /// Opens it, and makes it where only its last part is missing.
    static func open(_ path: String) throws(SpoolError) -> HeldDirectory {
        var path = path
        // The kernel follows a final link before a slash.
        while path.count > 1, path.last == "/" { path.removeLast() }
        let held: HeldDirectory
        do throws(SysError) {
            held = try openOrMake(path)
        } catch {
            guard error.code == Errno.notDirectory else { throw SpoolError(path, error) }
            throw SpoolError(path, "it is not a directory, or a link to one")
        }
        if let problem = try problem(of: held, at: path) { throw SpoolError(path, problem) }
        return held
    }

    private static func openOrMake(_ path: String) throws(SysError) -> HeldDirectory {
        do throws(SysError) {
            return try HeldDirectory(path)
        } catch {
            guard error.code == Errno.noEntry else { throw error }
            try HeldDirectory.make(path)
            return try HeldDirectory(path)
        }
    }

    private static func problem(of held: borrowing HeldDirectory, at path: String) throws(SpoolError) -> String? {
        do throws(SysError) {
            guard try held.isOwn() else { return "it does not belong to the user that hilo runs as" }
            // Who may only read it can hold its lock, and so keep hilo from starting.
            if try held.status().isOpenToOthers {
                return "others than its owner may open it; chmod 700 keeps them out"
            }
            try held.requireWritable()
            if try held.lock() { return nil }
            return "another hilo uses it\(try held.lockHolder().map { ", process \($0)" } ?? "")"
        } catch {
            throw SpoolError(path, error)
        }
    }
}

/// A directory that cannot be a spool.
public struct SpoolError: Error, Hashable, Sendable, CustomStringConvertible {
    public let path: String
    public let problem: String

    init(_ path: String, _ problem: String) {
        self.path = path
        self.problem = problem
    }

    init(_ path: String, _ error: SysError) {
        self.init(path, "\(error.operation): \(SysError.text(of: error.code))")
    }

    public var description: String { "the spool \(path) cannot be used: \(problem)" }
}
