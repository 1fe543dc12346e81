package import LinuxSys

/// What happened in a spool besides what was asked of it, to be counted and said.
package struct SpoolReport: Sendable {
    /// Spans that went because there was no room.
    package var overflow: UInt64 = 0
    /// The segments in which they were.
    package var removed: [UInt64] = []
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

/// A batch in the spool. They are ordered by age.
package struct StoredBatch: Hashable, Comparable, Sendable {
    /// The number of its segment.
    package let segment: UInt64
    /// Bytes from the start of its segment.
    package let offset: Int
    package let spans: UInt64

    package init(segment: UInt64, offset: Int, spans: UInt64) {
        self.segment = segment
        self.offset = offset
        self.spans = spans
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.segment, left.offset) < (right.segment, right.offset)
    }
}

/// A batch that was read from the spool.
package struct SpoolEntry: Sendable {
    /// An encoded export request.
    package let body: [UInt8]
    package let batch: StoredBatch
}

/// What came of reading a batch.
package enum SpoolReading: Sendable {
    case entry(SpoolEntry)
    /// There is none, or it cannot be read at present.
    case nothing
    /// The batch that was asked for cannot be read any more; its spans are reported where they were still there.
    case lost
}

/// What became of a batch that was to be written.
package enum SpoolWriting: Hashable, Sendable {
    case written
    /// There is no room for it, whatever goes.
    case tooLarge
    case failed
}
