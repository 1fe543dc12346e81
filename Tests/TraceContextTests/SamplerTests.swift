import Testing
import TraceContext

@Suite struct SamplerTests {
    static let someID = TraceID(high: 1, low: 0x8000_0000_0000_0000)

    @Test func constantSamplersDoNotLookAtAnything() {
        for parent in [nil, [], TraceFlags.sampled] {
            #expect(Sampler.alwaysOn.shouldSample(traceID: Self.someID, parent: parent))
            #expect(!Sampler.alwaysOff.shouldSample(traceID: Self.someID, parent: parent))
        }
    }

    @Test func aParentDecidesWhereThereIsOne() {
        let sampler = Sampler.parentBased(root: .alwaysOff)
        #expect(sampler.shouldSample(traceID: Self.someID, parent: .sampled))
        #expect(sampler.shouldSample(traceID: Self.someID, parent: TraceFlags(rawValue: 0xff)))
        #expect(!sampler.shouldSample(traceID: Self.someID, parent: []))
        #expect(!sampler.shouldSample(traceID: Self.someID, parent: nil))
        #expect(Sampler.parentBased(root: .alwaysOn).shouldSample(traceID: Self.someID, parent: nil))
        #expect(!Sampler.parentBased(root: .alwaysOn).shouldSample(traceID: Self.someID, parent: .random))
    }

    @Test func theRatioReadsTheLast63BitsOfTheTraceID() {
        let half = Sampler.traceIDRatio(0.5)
        #expect(half.shouldSample(traceID: TraceID(high: .max, low: 0x7fff_ffff_ffff_ffff), parent: nil))
        #expect(!half.shouldSample(traceID: TraceID(high: 0, low: 0x8000_0000_0000_0000), parent: .sampled))
        // The lowest bit is shifted out.
        #expect(!Sampler.traceIDRatio(0).shouldSample(traceID: TraceID(high: 1, low: 0), parent: nil))
        #expect(Sampler.traceIDRatio(1).shouldSample(traceID: TraceID(high: 1, low: .max), parent: nil))
        #expect(Sampler.traceIDRatio(0x1p-63).shouldSample(traceID: TraceID(high: 1, low: 1), parent: nil))
        #expect(!Sampler.traceIDRatio(0x1p-63).shouldSample(traceID: TraceID(high: 1, low: 2), parent: nil))
    }

    @Test(arguments: [0.01, 0.1, 0.25, 0.5, 0.9])
    func theRatioIsTheShareThatIsSampled(_ ratio: Double) {
        var generator = Seeded(state: 3)
        let count = 100_000
        let sampled = (0..<count).count { _ in
            Sampler.traceIDRatio(ratio).shouldSample(traceID: .random(using: &generator), parent: nil)
        }
        #expect(abs(Double(sampled) / Double(count) - ratio) < 0.006)
    }

    /// The numbers of enum hilo_sampler and the rule in bpf/abi/control.h.
    @Test func kernelSettings() {
        #expect(Sampler.alwaysOn.kernelSettings == (0, false, 0))
        #expect(Sampler.alwaysOff.kernelSettings == (1, false, 0))
        #expect(Sampler.traceIDRatio(0.25).kernelSettings == (2, false, 1 << 61))
        #expect(Sampler.parentBased(root: .alwaysOn).kernelSettings == (0, true, 0))
        #expect(Sampler.parentBased(root: .traceIDRatio(1)).kernelSettings == (2, true, 1 << 63))
        #expect(Sampler.parentBased(root: .parentBased(root: .alwaysOff)).kernelSettings == (1, true, 0))
    }

    @Test(arguments: [-1, 0, .nan, -.infinity, -0.0])
    func ratiosFromBelowSampleNothing(_ ratio: Double) {
        #expect(Sampler.traceIDRatio(ratio).kernelSettings.ratioThreshold == 0)
    }

    @Test(arguments: [1, 2, .infinity, .greatestFiniteMagnitude])
    func ratiosFromAboveSampleAll(_ ratio: Double) {
        #expect(Sampler.traceIDRatio(ratio).kernelSettings.ratioThreshold == 1 << 63)
    }
}
