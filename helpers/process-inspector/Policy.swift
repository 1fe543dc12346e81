import Wire

/// What may be asked of the process-inspector, and with which arguments. When and how often is in
/// `MessageKind.rule`; anything else ends the helper.
enum Policy {
    static let requests: [MessageKind] = [
        // Which processes there are: anybody may list /proc.
        .scan,
        // What one process is: selected text of its /proc directory, and of its environment two variables.
        .describe,
        // Files that it has mapped as code, named and not opened: its executable and libssl, no others.
        .library,
    ]

    /// A process by its number as it appears in /proc: no sign, no zero, no path.
    ///
    /// - Returns: nil for a number that no process has.
    static func directoryName(of pid: UInt32) -> String? {
        (1...UInt32(Int32.max)).contains(pid) ? String(pid) : nil
    }
}

/// How much of what a process chose is read and handed over. Together they fit one message.
enum Bounds {
    static let stat = 4096
    static let status = 65_536
    static let commandLine = 8192
    static let cgroup = 4096
    /// Of /proc/PID/maps, and of one line of it: a path of 4 KiB, in which a line feed takes four bytes.
    static let maps = 8 * 1024 * 1024
    static let mapsLine = 20_000
    /// Characters of a file's path that are handed over.
    static let path = 1024
    /// Files of one process.
    static let libraries = 16
    /// Of /proc/PID/environ.
    static let environment = 256 * 1024
    /// Of one of the two variables.
    static let variable = 4096
    /// Of /proc/PID/net/tcp and tcp6, each: a line of either is less than 200 bytes.
    static let socketTable = 4 * 1024 * 1024
    /// Of each of the two. Any user can open that many, and what is left out is somebody else's; but where they share
    /// a port the kernel takes the square of their number to list them: 16 ms for 4096, 0.6 s for 28,000.
    static let sockets = 16_384
    static let descriptors = 65_536
    /// Of one process, handed over.
    static let ports = 4096
    /// Network namespaces whose sockets are remembered, how many sockets of all of them (about 20 bytes each), and for
    /// how long (nanoseconds).
    static let tables = 256
    static let keptSockets = 8 * sockets
    static let tableLifetime: ClosedRange<UInt64> = 50_000_000...10_000_000_000
}
