internal import CLinux
internal import Glibc

/// A user of this system to run as.
public struct Account: Hashable, Sendable {
    public let name: String
    public let uid: UInt32
    public let gid: UInt32

    public init(name: String, uid: UInt32, gid: UInt32) {
        self.name = name
        self.uid = uid
        self.gid = gid
    }

    /// Looks a user up by name.
    ///
    /// - Returns: nil when there is none of that name.
    public static func named(_ name: String) -> Account? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var scratch = [CChar](repeating: 0, count: 16_384)
        guard getpwnam_r(name, &entry, &scratch, scratch.count, &found) == 0, found != nil else { return nil }
        return Account(name: name, uid: entry.pw_uid, gid: entry.pw_gid)
    }

    /// Looks a user up by name or, where none has that name, by number, as chown(1) does.
    public static func called(_ text: String) -> Account? {
        named(text) ?? UInt32(text).flatMap(numbered)
    }

    private static func numbered(_ uid: UInt32) -> Account? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var scratch = [CChar](repeating: 0, count: 16_384)
        guard getpwuid_r(uid, &entry, &scratch, scratch.count, &found) == 0, found != nil,
            let name = entry.pw_name
        else { return nil }
        return Account(name: String(cString: name), uid: entry.pw_uid, gid: entry.pw_gid)
    }

    public static var effectiveUserID: UInt32 { geteuid() }

    /// Turns this process, started as root, into that user for good: no group but its own, no capability, and a
    /// bounding set of `bounding` at most.
    ///
    /// The bounding set limits what an exec of a file with capabilities can give. A process that starts helpers keeps
    /// the union of theirs; a process that starts nothing keeps none. It can only be shrunk here, while CAP_SETPCAP is
    /// held; a process that was unprivileged from the start cannot change it.
    ///
    /// - Throws: `SysError`; EBUSY when the process has more than one thread, since the kernel keeps capabilities per
    ///   thread; EPERM when something of root is left afterwards.
    public func become(keepingBounding bounding: CapabilitySet) throws(SysError) {
        guard uid != 0 else { throw SysError("become", name, code: Errno.invalid) }
        guard try ProcessThreads.count() == 1 else { throw SysError("become", "one thread expected", code: EBUSY) }
        // Securebits left by whoever started this could keep capabilities across the change of user.
        guard hilo_prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) == 0 else { throw SysError("prctl PR_SET_KEEPCAPS", code: errno) }
        try Capabilities.dropBounding(except: bounding)
        guard setgroups(0, nil) == 0 else { throw SysError("setgroups", code: errno) }
        guard hilo_setresgid(gid) == 0 else { throw SysError("setresgid", "\(gid)", code: errno) }
        guard hilo_setresuid(uid) == 0 else { throw SysError("setresuid", "\(uid)", code: errno) }
        try Capabilities.drop(to: [])
        let left = try Capabilities.ofThisThread()
        guard left.effective.isEmpty, left.permitted.isEmpty, left.inheritable.isEmpty, left.ambient.isEmpty,
            left.bounding.isSubset(of: bounding), geteuid() == uid, getuid() == uid, getegid() == gid, setuid(0) != 0
        else { throw SysError("become", name, code: Errno.notPermitted) }
    }
}

/// The threads of this process.
public enum ProcessThreads {
    public static func count() throws(SysError) -> Int {
        let status = ProcessStatus(try HeldDirectory("/proc/self/.").contents(of: "status", atMost: 65_536))
        guard let threads = status.decimal("Threads") else { throw SysError("read", "status", code: Errno.noData) }
        return Int(clamping: threads)
    }
}
