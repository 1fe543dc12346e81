/// What became of every span that was handed to an exporter, exactly: at any moment
/// `accepted == exported + dropped.total + queued`.
public struct ExportCounts: Hashable, Sendable {
    /// Spans handed in, those that were dropped at once included.
    public internal(set) var accepted: UInt64 = 0
    /// Spans that a collector took.
    public internal(set) var exported: UInt64 = 0
    /// Spans that are lost, by reason.
    public internal(set) var dropped = DropCounts()
    /// Spans that wait or are on their way.
    public internal(set) var queued: UInt64 = 0

    public init() {}

    /// The identity above. False would be a fault of hilo's.
    public var isBalanced: Bool { accepted == exported + dropped.total + queued }
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
}

/// Lost spans by reason.
public struct DropCounts: Hashable, Sendable {
    private var queueFull: UInt64 = 0
    private var exportReject: UInt64 = 0
    private var exportTimeout: UInt64 = 0
    private var shutdown: UInt64 = 0

    public init() {}

    public var total: UInt64 { queueFull + exportReject + exportTimeout + shutdown }

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
        }
    }
}
