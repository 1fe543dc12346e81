/// Asks the process-inspector for the processes there are, in ascending order, from `afterPID` on.
public struct ScanRequest: WireRequest, Hashable {
    public typealias Reply = ScanReply
    public static let kind = MessageKind.scan

    /// 0 for the first page; then the last process of the page before.
    public let afterPID: UInt32

    public init(afterPID: UInt32 = 0) {
        self.afterPID = afterPID
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        afterPID = try reader.u32()
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.u32(afterPID)
    }

    /// Whether a page follows the one before, each process once and in order: else asking for the next page would
    /// never end.
    ///
    /// - Throws: `WireError.badValue`.
    public func check(_ page: ScanReply) throws(WireError) {
        var last = afterPID
        for process in page.processes {
            guard process.pid > last else { throw .badValue("pid") }
            last = process.pid
        }
        guard !page.more || !page.processes.isEmpty else { throw .badValue("more") }
    }
}

/// A process that cannot be mistaken for a later one with its number.
public struct ProcessInstance: Hashable, Sendable {
    public let pid: UInt32
    /// Clock ticks after boot (field 22 of /proc/PID/stat).
    public let startTime: UInt64

    public init(pid: UInt32, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }
}

/// One page of processes. Kernel threads are left out: they run no program.
public struct ScanReply: WireMessage, Hashable {
    public static let kind = MessageKind.scanned

    /// The most processes in one page; 12 bytes each.
    public static let pageSize = 4096

    public let processes: [ProcessInstance]
    /// Whether there may be more after the last one.
    public let more: Bool

    public init(processes: [ProcessInstance], more: Bool) {
        self.processes = processes
        self.more = more
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        let count = Int(try reader.u32())
        guard count <= ScanReply.pageSize else { throw .tooLong }
        processes = try reader.list(count: count, eachAtLeast: 12) { (inner) throws(WireError) in
            ProcessInstance(pid: try inner.u32(), startTime: try inner.u64())
        }
        switch try reader.u8() {
        case 0: more = false
        case 1: more = true
        default: throw .badValue("more")
        }
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        guard processes.count <= ScanReply.pageSize else { throw .tooLong }
        try writer.u32(UInt32(processes.count))
        for process in processes {
            try writer.u32(process.pid)
            try writer.u64(process.startTime)
        }
        try writer.u8(more ? 1 : 0)
    }
}

/// Asks the process-inspector what one process is.
public struct DescribeRequest: WireRequest, Hashable {
    public typealias Reply = ProcessDescription
    public static let kind = MessageKind.describe

    /// What costs more than a few small files and is only read when asked for.
    public struct Wants: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let ports = Wants(rawValue: 1 << 0)
        public static let environment = Wants(rawValue: 1 << 1)
        public static let all: Wants = [.ports, .environment]
    }

    public let pid: UInt32
    /// The process has to have started then; 0 for any.
    public let startTime: UInt64
    public let wants: Wants

    public init(pid: UInt32, startTime: UInt64 = 0, wants: Wants) {
        self.pid = pid
        self.startTime = startTime
        self.wants = wants
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        pid = try reader.u32()
        startTime = try reader.u64()
        wants = Wants(rawValue: try reader.u8())
        guard wants.isSubset(of: .all) else { throw .badValue("wants") }
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.u32(pid)
        try writer.u64(startTime)
        try writer.u8(wants.rawValue)
    }

    /// Whether a description is of the process that was asked about.
    ///
    /// - Throws: `WireError.badValue`.
    public func check(_ description: ProcessDescription) throws(WireError) {
        guard description.process.pid == pid else { throw .badValue("pid") }
        guard startTime == 0 || description.process.startTime == startTime else { throw .badValue("start_time") }
    }
}

/// What the process-inspector found in /proc/PID. All of it is chosen by that process: none of it is to be believed.
public struct ProcessDescription: WireMessage, Hashable {
    public static let kind = MessageKind.described

    /// What is missing in a description, and why.
    public struct Notes: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let executableUnreadable = Notes(rawValue: 1 << 0)
        public static let environmentUnreadable = Notes(rawValue: 1 << 1)
        public static let portsUnreadable = Notes(rawValue: 1 << 2)
        public static let commandLineTruncated = Notes(rawValue: 1 << 3)
        /// The environment is longer than what is read of it, or a value longer than what is handed over.
        public static let environmentTruncated = Notes(rawValue: 1 << 4)
        /// It has more descriptors or sockets than are looked at.
        public static let portsTruncated = Notes(rawValue: 1 << 5)
        static let all = Notes(rawValue: 0x3F)
    }

    public var process: ProcessInstance
    public var parentPID: UInt32
    /// Effective user.
    public var uid: UInt32
    /// Target of /proc/PID/exe, as it is in the process's own mount namespace; empty when unreadable. The kernel adds
    /// ` (deleted)` when the file has been replaced.
    public var executable: String
    /// Arguments, each ended by a zero byte; at most 8 KiB.
    public var commandLine: [UInt8]
    /// Text of /proc/PID/cgroup; at most 4 KiB.
    public var cgroup: [UInt8]
    /// Name of the main thread.
    public var command: String
    /// TCP ports that a socket of the process listens on, ascending, each once.
    public var listeningPorts: [UInt16]
    /// Its OTEL_SERVICE_NAME.
    public var serviceName: String?
    /// Its OTEL_RESOURCE_ATTRIBUTES.
    public var resourceAttributes: String?
    public var notes: Notes

    public init(
        process: ProcessInstance, parentPID: UInt32 = 0, uid: UInt32 = 0, executable: String = "",
        commandLine: [UInt8] = [], cgroup: [UInt8] = [], command: String = "", listeningPorts: [UInt16] = [],
        serviceName: String? = nil, resourceAttributes: String? = nil, notes: Notes = []
    ) {
        self.process = process
        self.parentPID = parentPID
        self.uid = uid
        self.executable = executable
        self.commandLine = commandLine
        self.cgroup = cgroup
        self.command = command
        self.listeningPorts = listeningPorts
        self.serviceName = serviceName
        self.resourceAttributes = resourceAttributes
        self.notes = notes
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        process = ProcessInstance(pid: try reader.u32(), startTime: try reader.u64())
        parentPID = try reader.u32()
        uid = try reader.u32()
        executable = try reader.string()
        commandLine = try reader.blob()
        cgroup = try reader.blob()
        command = try reader.string()
        let count = Int(try reader.u16())
        listeningPorts = try reader.list(count: count, eachAtLeast: 2) { (inner) throws(WireError) in
            try inner.u16()
        }
        serviceName = try reader.optionalString()
        resourceAttributes = try reader.optionalString()
        notes = Notes(rawValue: try reader.u8())
        guard notes.isSubset(of: .all) else { throw .badValue("notes") }
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.u32(process.pid)
        try writer.u64(process.startTime)
        try writer.u32(parentPID)
        try writer.u32(uid)
        try writer.string(executable)
        try writer.blob(commandLine)
        try writer.blob(cgroup)
        try writer.string(command)
        try writer.length(listeningPorts.count)
        for port in listeningPorts { try writer.u16(port) }
        try writer.optionalString(serviceName)
        try writer.optionalString(resourceAttributes)
        try writer.u8(notes.rawValue)
    }
}
