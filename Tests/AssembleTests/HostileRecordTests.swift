import Assemble
import Foundation
import Testing

/// Records with bytes changed, cut and made up: they are refused, or become spans whose texts are safe.
@Suite struct HostileRecordTests {
    private static let seeds: [[UInt8]] = {
        var full = RecordBytes("POST http://me:pw@[::1]:81/a/b;c?d=e HTTP/1.1\r\nHost: a:1\r\n")
        full.traceState = Array("rojo=1,congo=2".utf8)
        return [RecordBytes(), full, RecordBytes.client(), full.requestHalf(), full.responseHalf()].map(\.bytes)
    }()

    private static func isSafe(_ value: AttributeValue) -> Bool {
        guard case .string(let text) = value else { return true }
        return text.utf8.count <= 4096 && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
    }

    /// 200,000, or with HILO_TEST_SCALE=full a million.
    private static let rounds =
        ProcessInfo.processInfo.environment["HILO_TEST_SCALE"] == "full" ? 1_000_000 : 200_000

    @Test func mutatedRecordsNeverTrap() {
        var generator = Seeded(state: 8)
        var assembler = Assembler.knowing([], options: SpanOptions(selectQuery: true))
        var spans: [Assemble.Span] = []
        var taken = 0
        for round in 0..<Self.rounds {
            var bytes = Self.seeds[round % Self.seeds.count]
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                // Half of the changes go to what the network sent.
                let start = Bool.random(using: &generator) ? min(160, bytes.count - 1) : 0
                bytes[Int.random(in: start..<bytes.count, using: &generator)] = UInt8(
                    truncatingIfNeeded: generator.next())
            }
            if round % 50 == 0 { bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator)) }
            guard case .exchange(let exchange)? = try? Record(decoding: bytes.span) else { continue }
            taken += 1
            spans.removeAll(keepingCapacity: true)
            assembler.take(exchange, now: UInt64(round) * 1_000_000, into: &spans)
            if round % 64 == 0 { assembler.expire(now: UInt64(round) * 1_000_000, into: &spans) }
            for span in spans {
                let isOrdered = span.startUnixNanos <= span.endUnixNanos
                let isSafe = span.attributes.allSatisfy { Self.isSafe($0.value) } && Self.isSafe(.string(span.name))
                let isIdentified = !span.traceID.isZero && !span.spanID.isZero && span.parentID?.isZero != true
                guard isOrdered && isSafe && isIdentified else {
                    Issue.record("\(bytes) became \(span)")
                    return
                }
            }
        }
        #expect(taken > 50_000)
        #expect(assembler.isBalanced)
    }

    @Test func noiseIsRefused() {
        var generator = Seeded(state: 9)
        for _ in 0..<20_000 {
            let bytes = (0..<Int(generator.next() % 400)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            #expect(throws: RecordError.self) { try Record(decoding: bytes.span) }
        }
    }
}
