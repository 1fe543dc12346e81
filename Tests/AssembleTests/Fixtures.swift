import Assemble

extension Exchange {
    init(_ record: RecordBytes) throws {
        let bytes = record.bytes
        try self.init(decoding: bytes.span)
    }
}

extension Assembler {
    static let second: UInt64 = 1_000_000_000

    /// An assembler that knows process 4242 and whose clock starts at 1970.
    static func knowing(
        _ processes: [UInt32] = [4242], options: SpanOptions = SpanOptions(), limits: Limits = Limits()
    ) -> Assembler {
        var assembler = Assembler(clock: ClockMap(monotonicToUnixNanos: 0), options: options, limits: limits)
        for process in processes {
            _ = assembler.setResource(Resource([("service.name", .string("service-\(process)"))]), forProcess: process)
        }
        return assembler
    }

    mutating func take(_ record: RecordBytes, now: UInt64 = 0) throws -> [Assemble.Span] {
        try take(Exchange(record), now: now)
    }

    /// Every record and every exchange is accounted for: the two sums of ``Counters``.
    var isBalanced: Bool {
        let given = counters.requestsExpired + counters.requestsEvicted + counters.requestsStopped
        let records =
            counters.duplicates + counters.whole + 2 * counters.paired + given + counters.answersOrphaned
            + UInt64(waitingHalves)
        let exchanges = counters.whole + counters.paired + given
        return counters.records == records
            && exchanges == counters.spans + counters.unsampled + counters.disowned + UInt64(waitingSpans)
    }
}

/// The one span of a whole exchange.
func makeSpan(_ record: RecordBytes, options: SpanOptions = SpanOptions()) throws -> Assemble.Span {
    var assembler = Assembler.knowing(options: options)
    let spans = try assembler.take(record)
    guard spans.count == 1 else { throw Missing() }
    return spans[0]
}

struct Missing: Error {}
