import Assemble
import Export
import FoundationEssentials
import OTLP
import SwiftProtobuf
import TraceContext

/// Records of the capture programs, one after another, each behind a u16 length: decoded, assembled to spans, and the
/// spans written for a collector and for people.
@Sendable func fuzzRecord(_ input: UnsafeRawBufferPointer) {
    var options = SpanOptions(selectQuery: true)
    if input.count & 1 == 1 { options.knownMethods = ["GET", "BREW"] }
    var assembler = Assembler(clock: ClockMap(monotonicToUnixNanos: 1_700_000_000_000_000_000), options: options)
    var spans: [Assemble.Span] = []
    var now: UInt64 = 0
    var rest = input[...]
    while rest.count >= 2 {
        let length = min(Int(rest[rest.startIndex]) | Int(rest[rest.startIndex + 1]) << 8, rest.count - 2)
        let bytes = Array(rest.dropFirst(2).prefix(length))
        rest = rest.dropFirst(2 + length)
        for record in [bytes, withLengths(bytes)] {
            now += 100_000_000
            take(record, &assembler, now, into: &spans)
        }
    }
    assembler.expire(now: now, into: &spans)
    assembler.flush(now: now, into: &spans)
    check(assembler.waitingHalves == 0 && assembler.waitingSpans == 0, "nothing waits after a flush")
    for span in spans { checkSpan(span) }
    checkRequest(spans)
}

/// The record with the lengths that it has, so that changes of its size are not all there is to find.
private func withLengths(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count > 160 else { return bytes }
    var bytes = bytes
    let room = bytes.count - 160
    let state = min(Int(bytes[4]) | Int(bytes[5]) << 8, min(room, 512))
    let excerpt = min(room - state, 1024)
    bytes.removeLast(room - state - excerpt)
    bytes[0...5] = [1, 0, UInt8(excerpt & 0xff), UInt8(excerpt >> 8), UInt8(state & 0xff), UInt8(state >> 8)]
    return bytes
}

private func take(_ bytes: [UInt8], _ assembler: inout Assembler, _ now: UInt64, into spans: inout [Assemble.Span]) {
    guard let record = try? Record(decoding: bytes.span) else { return }
    switch record {
    case .exchange(let exchange):
        check(bytes.count <= 160 + 1024 + 512, "a record of \(bytes.count) bytes")
        if let state = exchange.traceState {
            check(state.utf8.count <= TraceState.maxLength, "a tracestate of \(state.utf8.count) characters")
            check((try? TraceState(parsing: state))?.headerValue == state, "a tracestate that is not valid: \(state)")
        }
        assembler.take(exchange, now: now, into: &spans)
    case .process(let event):
        checkSafe(event.command, limit: 3 * 16, "a command's name")
        assembler.processExited(event.process, now: now)
        spans += assembler.setResource(Resource([("service.name", .string(event.command))]), forProcess: event.parent)
    }
}

private func checkSpan(_ span: Assemble.Span) {
    check(span.startUnixNanos <= span.endUnixNanos, "a span ends before it starts")
    check(!span.traceID.isZero && !span.spanID.isZero && span.parentID?.isZero != true, "an identity of zeroes")
    check(span.parentID != nil || !span.parentIsRemote, "a root with a remote parent")
    checkSafe(span.name, limit: 32 + 1 + 2048, "a span's name")
    check(Set(span.attributes.map(\.key)).count == span.attributes.count, "an attribute occurs twice")
    for attribute in span.attributes {
        guard case .string(let text) = attribute.value else { continue }
        checkSafe(text, limit: 8192, attribute.key.name)
    }
    let line = TextPrinter().line(span)
    check(line.unicodeScalars.dropLast().allSatisfy { $0.value >= 0x20 } && line.last == "\n", "more than a line")
    checkJSON(span)
}

private func checkJSON(_ span: Assemble.Span) {
    struct Line: Decodable {
        let traceId: String
        let name: String
        let traceState: String?
    }
    let line = JSONPrinter().line(span)
    check(line.unicodeScalars.dropLast().allSatisfy { $0.value >= 0x20 } && line.last == "\n", "more than a line")
    do {
        let read = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
        check(read.traceId == span.traceID.hex && read.name == span.name && read.traceState == span.traceState, line)
    } catch {
        check(false, "not JSON: \(line)")
    }
}

/// What goes to a collector, read by the library that collectors use.
private func checkRequest(_ spans: [Assemble.Span]) {
    let bytes = TraceExportRequest.encoded(spans, scope: InstrumentationScope(version: "fuzz"))
    do {
        let request = try Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest(serializedBytes: bytes)
        let sent = request.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }
        check(sent.count == spans.count, "\(sent.count) of \(spans.count) spans")
        var byID = Dictionary(grouping: sent) { $0.spanID + $0.traceID }
        for span in spans {
            let id = Data(span.spanID.bytes + span.traceID.bytes)
            let place = byID[id]?.firstIndex { isSame($0, span) }
            guard let place else { return check(false, "\(span) was not sent") }
            byID[id]?.remove(at: place)
        }
        check(try request.serializedBytes() as [UInt8] == bytes, "the library writes other bytes")
    } catch {
        check(false, "not protobuf: \(error)")
    }
}

private func isSame(_ sent: Opentelemetry_Proto_Trace_V1_Span, _ span: Assemble.Span) -> Bool {
    sent.name == span.name && sent.traceState == span.traceState ?? "" && sent.flags == span.protocolFlags
        && sent.parentSpanID == Data(span.parentID?.bytes ?? []) && sent.startTimeUnixNano == span.startUnixNanos
        && sent.endTimeUnixNano == span.endUnixNanos && sent.attributes.map(\.key) == span.attributes.map(\.key.name)
}
