internal import Glibc

/// The interfaces of this process's network namespace.
public enum NetworkInterfaces {
    /// Their indexes, as the kernel numbers them.
    ///
    /// - Throws: `SysError` of the netlink socket that is opened for it.
    public static func indexes() throws(SysError) -> [UInt32] {
        guard let list = if_nameindex() else { throw SysError("if_nameindex", code: errno) }
        defer { if_freenameindex(list) }
        var found: [UInt32] = []
        var entry = list
        while entry.pointee.if_index != 0 {
            found.append(entry.pointee.if_index)
            entry += 1
        }
        return found
    }
}
