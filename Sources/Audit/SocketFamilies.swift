internal import LinuxSys
internal import Wire

/// Which family a socket is of, by its inode, from the tables of a process's network namespace.
struct SocketFamilies {
    private var families: [UInt64: DescriptorKind] = [:]

    /// A table that cannot be read tells nothing; its sockets are of an unknown family then.
    init(of process: borrowing HeldDirectory) {
        add("net/unix", inodeColumn: 6, kind: .channel, process)
        for table in ["net/tcp", "net/tcp6", "net/udp", "net/udp6"] {
            add(table, inodeColumn: 9, kind: .internetSocket, process)
        }
        add("net/netlink", inodeColumn: 9, kind: .netlinkSocket, process)
    }

    func family(_ inode: UInt64) -> DescriptorKind? { families[inode] }

    private mutating func add(
        _ table: String, inodeColumn: Int, kind: DescriptorKind, _ process: borrowing HeldDirectory
    ) {
        do throws(SysError) {
            let text = String(decoding: try process.beginning(of: table, atMost: 16 << 20).bytes, as: UTF8.self)
            for line in text.split(separator: "\n").dropFirst() {
                let fields = line.split(separator: " ", omittingEmptySubsequences: true)
                if fields.count > inodeColumn, let inode = UInt64(fields[inodeColumn]) { families[inode] = kind }
            }
        } catch {
            return
        }
    }
}
