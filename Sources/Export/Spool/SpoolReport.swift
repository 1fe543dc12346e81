package import LinuxSys

/// What happened in a spool besides what was asked of it, to be counted and said.
package struct SpoolReport: Sendable {
    /// Spans that went because there was no room.
    package var overflow: UInt64 = 0
    /// Spans that were there and cannot be read any more.
    package var unreadable: UInt64 = 0
    /// Segments that turned out to be damaged.
    package var damaged: UInt64 = 0
    /// What the system refused.
    package var failures: [SysError] = []

    package init() {}
}

/// What an earlier run left in a spool.
package struct SpoolRecovery: Sendable {
    package var spans: UInt64 = 0
    package var segments: UInt64 = 0
    /// Segments that end within an entry.
    package var torn: UInt64 = 0
    /// Names of what is not hilo's, or of another version of it; left alone.
    package var foreign: [String] = []
    package var report = SpoolReport()

    package init() {}
}

/// A batch that waited on the disk.
package struct SpoolEntry: Sendable {
    /// An encoded export request.
    package let body: [UInt8]
    package let spans: UInt64
    let segment: UInt64
    let offset: Int

    var size: Int { SpoolFormat.entryHeaderSize + body.count }
}

/// What became of a batch that was to be written.
package enum SpoolWriting: Hashable, Sendable {
    case written
    /// There is no room for it, whatever goes.
    case tooLarge
    case failed
}
