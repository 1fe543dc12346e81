/// Whether a new span is recorded. The kernel side decides; this is the same rule for user space, and its settings.
///
/// Names and meaning are OpenTelemetry's (`OTEL_TRACES_SAMPLER`). The ratio rule is the one of its Go and Java SDKs,
/// so that a service traced by hilo and one with an SDK agree on the same trace id.
public indirect enum Sampler: Hashable, Sendable {
    case alwaysOn
    case alwaysOff
    /// The share of traces to sample, 0...1. What is outside is clamped, and not-a-number samples nothing.
    case traceIDRatio(Double)
    /// The parent's decision where there is a parent, else `root`'s.
    case parentBased(root: Sampler)

    /// - Parameter parent: the flags of the parent span; nil for a root.
    public func shouldSample(traceID: TraceID, parent: TraceFlags?) -> Bool {
        switch self {
        case .alwaysOn: true
        case .alwaysOff: false
        case .traceIDRatio(let ratio): traceID.low >> 1 < Sampler.threshold(ratio)
        case .parentBased(let root): parent?.contains(.sampled) ?? root.shouldSample(traceID: traceID, parent: nil)
        }
    }

    /// The three numbers of `struct hilo_settings` (bpf/abi/control.h): enum hilo_sampler, parent_based,
    /// ratio_threshold.
    public var kernelSettings: (sampler: UInt32, parentBased: Bool, ratioThreshold: UInt64) {
        switch self {
        case .alwaysOn: (0, false, 0)
        case .alwaysOff: (1, false, 0)
        case .traceIDRatio(let ratio): (2, false, Sampler.threshold(ratio))
        case .parentBased(let root):
            (root.kernelSettings.sampler, true, root.kernelSettings.ratioThreshold)
        }
    }

    /// Sampled when the last 8 bytes of the trace id, big-endian, shifted right by one, are below this: 0...2^63.
    static func threshold(_ ratio: Double) -> UInt64 {
        guard ratio > 0 else { return 0 }
        return UInt64(min(ratio, 1) * 0x1p63)
    }
}
