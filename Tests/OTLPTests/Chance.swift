import Assemble
import TraceContext

/// Chance that can be repeated: SplitMix64, and spans made of it that like to be empty, zero, long or extreme.
struct Chance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

    mutating func text() -> String {
        let lengths = [0, 1, 7, 126, 127, 128, 129, 300, 16_383, 16_384, 20_000]
        let letters = ["a", "é", "語", "🧵"]
        return String(repeating: letters[below(4)], count: lengths[below(below(3) == 0 ? lengths.count : 5)])
    }

    mutating func number() -> UInt64 {
        [0, 1, 127, 128, 16_383, 16_384, .max, .max - 1, next(), next() >> UInt64(below(64))][below(10)]
    }

    mutating func value() -> AttributeValue {
        switch below(4) {
        case 0: .string(text())
        case 1: .int(Int64(bitPattern: number()))
        case 2: .bool(below(2) == 0)
        default: .double([0, -0.0, 1.5, .infinity, .leastNonzeroMagnitude][below(5)])
        }
    }

    mutating func span(_ resource: ResourceRef) -> Assemble.Span {
        var keys = AttributeKey.allCases.shuffled(using: &self).prefix(below(AttributeKey.allCases.count + 1))
        var span = Span(
            traceID: TraceID(high: number(), low: number()), spanID: SpanID(number()), parentIsRemote: below(2) == 0,
            flags: TraceFlags(rawValue: UInt8(truncatingIfNeeded: next())), kind: below(2) == 0 ? .server : .client,
            name: text(), startUnixNanos: number(), endUnixNanos: number(), resource: resource)
        if below(2) == 0 { span.parentID = SpanID(number()) }
        if below(3) == 0 { span.traceState = text() }
        if below(2) == 0 { span.status = .error(message: text()) }
        while let key = keys.popFirst() { span.attributes.append(Attribute(key, value())) }
        return span
    }
}
