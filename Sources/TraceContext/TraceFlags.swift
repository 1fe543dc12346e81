/// The trace-flags byte of W3C Trace Context, section 3.2.2.5. Unknown bits are kept as they came and never sent on.
public struct TraceFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The caller may have recorded this trace.
    public static let sampled = TraceFlags(rawValue: 1 << 0)
    /// The last 7 bytes of the trace id are random (Trace Context Level 2, section 3.2.2.5.2).
    public static let random = TraceFlags(rawValue: 1 << 1)

    /// Every flag that has a meaning; "vendors MUST set" all others "to zero".
    public static let known: TraceFlags = [.sampled, .random]
}
