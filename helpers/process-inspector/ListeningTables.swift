import LinuxSys
import Wire

/// Which sockets listen in a network namespace, kept for a moment.
///
/// Reading /proc/PID/net/tcp makes the kernel walk its table of all connections, however few there are: 8 ms here, for
/// each process that is described, and seconds on a host that is busy and has many. Processes share namespaces, and at
/// the start all of them are described in a row, so a table answers for its namespace for a short while, which is the
/// longer the longer it took to read. Who asks because something has just happened is answered from
/// a new one.
struct ListeningTables {
    struct Table {
        var sockets = ListeningSockets(most: Bounds.sockets)
        var expiresAt: UInt64 = 0

        var count: Int { sockets.portByInode.count }
    }

    private var byNamespace: [[UInt8]: Table] = [:]

    /// The table of the namespace that a process is in.
    ///
    /// - Parameters:
    ///   - directory: its /proc/PID.
    ///   - isNews: the process is asked about because something has just happened to it.
    mutating func table(of directory: borrowing HeldDirectory, isNews: Bool) throws(SysError) -> Table {
        let begin = MonotonicClock.now()
        let namespace = try directory.linkTarget("ns/net")
        if !isNews, let known = byNamespace[namespace], begin < known.expiresAt { return known }
        var table = try read(directory)
        let end = MonotonicClock.now()
        table.expiresAt = end + ListeningSockets.lifetime(cost: end - begin, within: Bounds.tableLifetime)
        let kept = byNamespace.values.reduce(table.count) { $0 + $1.count }
        if byNamespace.count >= Bounds.tables || kept > Bounds.keptSockets { byNamespace.removeAll() }
        byNamespace[namespace] = table
        return table
    }

    private func read(_ directory: borrowing HeldDirectory) throws(SysError) -> Table {
        var table = Table()
        for name in ["net/tcp", "net/tcp6"] {
            guard let file = try openUnlessMissing(directory, name) else { continue }
            let complete = try file.forEachChunk(atMost: Bounds.socketTable) { piece in
                table.sockets.take(piece)
                return table.sockets.wantsMore
            }
            table.sockets.finish(complete: complete)
        }
        return table
    }

    /// A kernel without IPv6 has no tcp6.
    private func openUnlessMissing(_ directory: borrowing HeldDirectory, _ name: String) throws(SysError) -> OwnedFD? {
        do throws(SysError) {
            return try directory.open(name)
        } catch {
            guard error.code == Errno.noEntry else { throw error }
            return nil
        }
    }
}
