/// What became of every span that was handed to an exporter, exactly: at any moment
/// `accepted == exported + dropped.total + queued`; with a spool,
/// `accepted + spool.recovered == exported + dropped.total + queued + spool.left`.
public struct ExportCounts: Hashable, Sendable {
    /// Spans handed in, those that were dropped at once included.
    public internal(set) var accepted: UInt64 = 0
    /// Spans that a collector took.
    public internal(set) var exported: UInt64 = 0
    /// Spans that are lost, by reason.
    public internal(set) var dropped = DropCounts()
    /// Spans that wait or are on their way.
    public internal(set) var queued: UInt64 = 0
    /// Nil where there is no spool.
    public internal(set) var spool: SpoolCounts?

    public init() {}

    /// The identity above. False would be a fault of hilo's.
    public var isBalanced: Bool {
        accepted + (spool?.recovered ?? 0) == exported + dropped.total + queued + (spool?.left ?? 0)
    }
}

/// What a spool holds, and what happened to it.
public struct SpoolCounts: Hashable, Sendable {
    /// Spans of earlier runs that were found.
    public internal(set) var recovered: UInt64 = 0
    /// Spans that are on the disk now.
    public internal(set) var left: UInt64 = 0
    /// Segments with bytes that are not those that were written.
    public internal(set) var damaged: UInt64 = 0
    /// Segments that end within a batch, because hilo was killed while it wrote that one.
    public internal(set) var torn: UInt64 = 0
    /// Attempts to write, read or remove that the system refused.
    public internal(set) var failures: UInt64 = 0

    public init() {}

    /// What is worth a word at the end: what was found, what is left, and all else that is not zero.
    public var facts: [(name: String, value: UInt64)] {
        [("recovered", recovered), ("left", left)]
            + [("damaged", damaged), ("torn", torn), ("failures", failures)].filter { $0.1 > 0 }
    }
}

/// Why a span was lost.
public enum DropReason: String, Sendable, CaseIterable {
    /// The queue was full; the newest spans are the ones that go.
    case queueFull = "queue_full"
    /// The collector said no in a way that a repetition would not change.
    case exportReject = "export_reject"
    /// No attempt succeeded within the time that a batch may be retried.
    case exportTimeout = "export_timeout"
    /// hilo stopped before the span was delivered.
    case shutdown
    /// The spool was full; the oldest spans are the ones that go.
    case spoolFull = "spool_full"
    /// The span was on the disk, and what can be read there now is something else.
    case spoolDamaged = "spool_damaged"
    /// The batch in the spool failed again and again while the collector took others.
    case spoolPoison = "spool_poison"
}

/// Lost spans by reason.
public struct DropCounts: Hashable, Sendable {
    private var queueFull: UInt64 = 0
    private var exportReject: UInt64 = 0
    private var exportTimeout: UInt64 = 0
    private var shutdown: UInt64 = 0
    private var spoolFull: UInt64 = 0
    private var spoolDamaged: UInt64 = 0
    private var spoolPoison: UInt64 = 0

    public init() {}

    public var total: UInt64 { DropReason.allCases.reduce(0) { $0 + self[$1] } }

    public internal(set) subscript(_ reason: DropReason) -> UInt64 {
        get { self[keyPath: Self.place(reason)] }
        set { self[keyPath: Self.place(reason)] = newValue }
    }

    private static func place(_ reason: DropReason) -> WritableKeyPath<DropCounts, UInt64> {
        switch reason {
        case .queueFull: \.queueFull
        case .exportReject: \.exportReject
        case .exportTimeout: \.exportTimeout
        case .shutdown: \.shutdown
        case .spoolFull: \.spoolFull
        case .spoolDamaged: \.spoolDamaged
        case .spoolPoison: \.spoolPoison
        }
    }
}
