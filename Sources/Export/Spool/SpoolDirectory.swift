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
            switch error.code {
            case Errno.notDirectory: throw SpoolError(path, "it is not a directory, or a link to one")
            case Errno.readOnly: throw SpoolError(path, readOnly)
            case Errno.noEntry where isReadOnly(above: path): throw SpoolError(path, readOnly)
            case Errno.noEntry: throw SpoolError(path, "the directory above it is not there. \(remedy(path))")
            case Errno.accessDenied:
                throw SpoolError(path, "hilo runs as user \(user), who may not open or make it. \(remedy(path))")
            default: throw SpoolError(path, error)
            }
        }
        if let problem = try problem(of: held, at: path) { throw SpoolError(path, problem) }
        return held
    }

    private static var user: UInt32 { Account.effectiveUserID }

    private static func remedy(_ path: String) -> String {
        "Remedy: as root, install -d -o \(user) -m 700 \(path)"
    }

    private static let readOnly =
        "its file system is mounted read-only. Remedy: name a directory on one that can be written to, or mount -o "
        + "remount,rw"

    /// Whether what is there of the path is on a file system to which nothing can be added.
    private static func isReadOnly(above path: String) -> Bool {
        var path = path
        while let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            path = String(path[..<slash])
            do throws(SysError) {
                try HeldDirectory(path).requireWritable()
                return false
            } catch {
                if error.code != Errno.noEntry { return error.code == Errno.readOnly }
            }
        }
        return false
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
            guard try held.isOwn() else {
                return "it does not belong to user \(user), whom hilo runs as. Remedy: as root, chown \(user) \(path)"
            }
            // Who may only read it can hold its lock, and so keep hilo from starting.
            if try held.status().isOpenToOthers {
                return "others than its owner may open it; chmod 700 keeps them out"
            }
            do throws(SysError) {
                try held.requireWritable()
            } catch {
                switch error.code {
                case Errno.readOnly: return readOnly
                case Errno.accessDenied: return "its owner may not write into it. Remedy: chmod 700 \(path)"
                default: throw error
                }
            }
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
