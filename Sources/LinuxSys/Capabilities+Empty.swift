internal import CLinux
internal import Glibc

/// How a process without CAP_SETPCAP got rid of its bounding set, or why it could not.
public enum BoundingSetEmptied: Hashable, Sendable {
    /// It was empty, or CAP_SETPCAP was there to empty it.
    case here
    /// In a user namespace of its own, which this process has entered for the purpose.
    case inUserNamespace
    /// The kernel did not allow it; what is left cannot be gained because of no_new_privs.
    case refused(SysError)
}

extension Capabilities {
    /// Empties all five sets of this process for good, and sets no_new_privs.
    ///
    /// Only CAP_SETPCAP may shrink the bounding set. A process without it has it in a user namespace that it makes
    /// (user_namespaces(7)); there the set is emptied and everything else given up at once. User and group stay what
    /// they are for everybody outside, and for access to files; what it loses is any way back, since a child namespace
    /// gives no capability in its parent.
    ///
    /// - Throws: `SysError`; EBUSY when the process has more than one thread, since the kernel keeps capabilities per
    ///   thread and moves only a process with one thread into a namespace.
    public static func giveUpAll() throws(SysError) -> BoundingSetEmptied {
        guard try ProcessThreads.count() == 1 else { throw SysError("giveUpAll", "one thread expected", code: EBUSY) }
        try ProcessControl.setNoNewPrivileges()
        let outcome = try emptyBounding()
        try drop(to: [])
        let left = try ofThisThread()
        guard left.effective.isEmpty, left.permitted.isEmpty, left.inheritable.isEmpty, left.ambient.isEmpty else {
            throw SysError("capset", "none", code: Errno.notPermitted)
        }
        return outcome
    }

    private static func emptyBounding() throws(SysError) -> BoundingSetEmptied {
        let held = try ofThisThread()
        if held.bounding.isEmpty { return .here }
        if held.permitted.contains(.setpcap) {
            try raise(.setpcap)
            try dropBounding()
            return .here
        }
        guard hilo_unshare_user_namespace() == 0 else {
            return .refused(SysError("unshare CLONE_NEWUSER", code: errno))
        }
        do throws(SysError) {
            try dropBounding()
            return .inUserNamespace
        } catch {
            // An LSM may let a process make a namespace and have nothing in it (AppArmor's unprivileged_userns).
            return .refused(error)
        }
    }
}
