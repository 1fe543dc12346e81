/// The listening sockets of a network namespace, read from /proc/PID/net/tcp or tcp6 as it streams by.
public struct ListeningSockets: Sendable {
    /// TCP ports by the inode number of the socket.
    public private(set) var portByInode: [UInt64: UInt16] = [:]
    /// False once a socket that does not listen was seen: the kernel lists all listening ones first
    /// (`tcp_get_idx`, net/ipv4/tcp_ipv4.c), so that nothing is left to find in what may be a very long table. False,
    /// too, when there is no room for more.
    public private(set) var wantsMore = true
    /// Whether some are missing: there were more than are remembered, or a table was cut off.
    public private(set) var isTruncated = false

    private var line: [UInt8] = []
    private var isHeader = true
    private let most: Int
    /// For further sockets of the table that is being read: those of one cannot crowd out those of the other.
    private var room: Int

    /// - Parameter most: sockets to remember of each table; the rest is left out.
    public init(most: Int) {
        self.most = most
        room = most
    }

    /// Takes the next piece, cut anywhere.
    public mutating func take(_ piece: some Sequence<UInt8>) {
        for byte in piece where wantsMore {
            if byte == UInt8(ascii: "\n") {
                endLine()
            } else if line.count < 512 {
                line.append(byte)
            }
        }
    }

    /// Says that the table ended here and another one, with a header of its own, may follow.
    ///
    /// - Parameter complete: false when it was cut off: of the last line a part may be missing, which would be another
    ///   number.
    public mutating func finish(complete: Bool = true) {
        if complete {
            endLine()
        } else {
            line.removeAll(keepingCapacity: true)
            isTruncated = true
        }
        isHeader = true
        wantsMore = true
        room = most
    }

    /// `  sl: local:port remote:port state tx:rx tr:when retransmits uid timeout inode …`
    private mutating func endLine() {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else { return }
        if isHeader {
            isHeader = false
            return
        }
        let fields = line.split(separator: UInt8(ascii: " "))
        guard fields.count > 9 else { return }
        guard DecimalField.parseHexadecimal(fields[3]) == 0x0A else {  // TCP_LISTEN
            wantsMore = false
            return
        }
        guard let colon = fields[1].lastIndex(of: UInt8(ascii: ":")),
            let port = DecimalField.parseHexadecimal(fields[1][(colon + 1)...]).flatMap({ UInt16(exactly: $0) }),
            let inode = DecimalField.parse(fields[9]), inode != 0
        else { return }
        guard room > 0 else {
            isTruncated = true
            wantsMore = false
            return
        }
        room -= 1
        portByInode[inode] = port
    }

    /// For how long a table is worth keeping that took `cost` to read: so long that reading takes no more than a tenth
    /// of the time, however slow the host is.
    ///
    /// - Parameters:
    ///   - cost: nanoseconds from its beginning to its end, those included in which others ran.
    ///   - bounds: the least and the most.
    public static func lifetime(cost: UInt64, within bounds: ClosedRange<UInt64>) -> UInt64 {
        let (wanted, overflow) = cost.multipliedReportingOverflow(by: 9)
        return overflow ? bounds.upperBound : min(max(wanted, bounds.lowerBound), bounds.upperBound)
    }

    /// The inode number in the target of a /proc/PID/fd link: `socket:[12345]`.
    public static func inode(ofLink target: [UInt8]) -> UInt64? {
        let prefix = Array("socket:[".utf8)
        guard target.starts(with: prefix), target.last == UInt8(ascii: "]") else { return nil }
        return DecimalField.parse(target.dropFirst(prefix.count).dropLast())
    }
}
