import Assemble
import BPFABI
import Dissect
import Testing
import TraceContext

@Suite struct RecordTests {
    @Test func everyFieldOfAnExchangeIsReadFromItsPlace() throws {
        var record = RecordBytes()
        record.head.sequence = 3
        record.set(\.parent_id, [0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8])
        record.head.parent_source = UInt8(HILO_PARENT_HEADER.rawValue)
        record.head.flags = UInt8(HILO_FLAG_PARENT_REMOTE.rawValue | HILO_FLAG_OLDER_CONNECTION.rawValue)
        record.head.request_body_bytes = 33
        record.head.socket_error = 104
        record.traceState = Array("rojo=1, congo=2".utf8)
        let exchange = try Exchange(record)

        #expect(exchange.id == Exchange.ID(connection: 77, sequence: 3))
        #expect(exchange.process == 4242)
        #expect(exchange.thread == 4243)
        #expect(exchange.role == .server)
        #expect(exchange.parts == [.request, .response])
        #expect(exchange.end == .complete)
        #expect(exchange.notes == [.parentRemote, .olderConnection])
        #expect(exchange.traceID.hex == "0102030405060708090a0b0c0d0e0f10")
        #expect(exchange.spanID.hex == "a1a2a3a4a5a6a7a8")
        #expect(exchange.parentID?.hex == "b1b2b3b4b5b6b7b8")
        #expect(exchange.parentSource == .header)
        #expect(exchange.traceFlags == .sampled)
        #expect(exchange.traceState == "rojo=1,congo=2")
        #expect(exchange.request?.target.path == "/users/7")
        #expect(exchange.request?.host == HostPort(host: "shop.example", port: 8080))
        #expect(exchange.version == .http11)
        #expect(exchange.status == 200)
        #expect(exchange.requestFirst == 1_000_000)
        #expect(exchange.requestLast == 1_100_000)
        #expect(exchange.responseFirst == 2_500_000)
        #expect(exchange.responseLast == 3_000_000)
        #expect(exchange.requestBodyBytes == 33)
        #expect(exchange.responseBodyBytes == 512)
        #expect(exchange.localAddress?.text == "10.0.0.1")
        #expect(exchange.localPort == 8080)
        #expect(exchange.peerAddress?.text == "192.0.2.7")
        #expect(exchange.peerPort == 50_000)
        #expect(exchange.socketError == 104)
    }

    /// The numbers of the enums are the kernel side's.
    @Test func numbersAreThoseOfTheABI() {
        #expect(Exchange.Parts.request.rawValue == UInt8(HILO_PART_REQUEST.rawValue))
        #expect(Exchange.Parts.response.rawValue == UInt8(HILO_PART_RESPONSE.rawValue))
        #expect(Exchange.End.open.rawValue == UInt8(HILO_END_OPEN.rawValue))
        #expect(Exchange.End.complete.rawValue == UInt8(HILO_END_COMPLETE.rawValue))
        #expect(Exchange.End.upgraded.rawValue == UInt8(HILO_END_UPGRADED.rawValue))
        #expect(Exchange.End.closed.rawValue == UInt8(HILO_END_CLOSED.rawValue))
        #expect(Exchange.End.reset.rawValue == UInt8(HILO_END_RESET.rawValue))
        #expect(Exchange.End.lost.rawValue == UInt8(HILO_END_LOST.rawValue))
        #expect(Exchange.ParentSource.none.rawValue == UInt8(HILO_PARENT_NONE.rawValue))
        #expect(Exchange.ParentSource.header.rawValue == UInt8(HILO_PARENT_HEADER.rawValue))
        #expect(Exchange.ParentSource.peer.rawValue == UInt8(HILO_PARENT_PEER.rawValue))
        #expect(Exchange.ParentSource.thread.rawValue == UInt8(HILO_PARENT_THREAD.rawValue))
        #expect(Exchange.ParentSource.inherited.rawValue == UInt8(HILO_PARENT_INHERITED.rawValue))
        #expect(Exchange.ParentSource.passThrough.rawValue == UInt8(HILO_PARENT_PASS_THROUGH.rawValue))
        #expect(Exchange.ParentSource.target.rawValue == UInt8(HILO_PARENT_TARGET.rawValue))
        #expect(Exchange.ParentSource.unknown.rawValue == UInt8(HILO_PARENT_UNKNOWN.rawValue))
        #expect(Exchange.ParentSource.option.rawValue == UInt8(HILO_PARENT_OPTION.rawValue))
        #expect(Exchange.Notes.excerptTruncated.rawValue == UInt8(HILO_FLAG_EXCERPT_TRUNCATED.rawValue))
        #expect(Exchange.Notes.requestSizeInexact.rawValue == UInt8(HILO_FLAG_REQUEST_SIZE_INEXACT.rawValue))
        #expect(Exchange.Notes.responseSizeInexact.rawValue == UInt8(HILO_FLAG_RESPONSE_SIZE_INEXACT.rawValue))
        #expect(Exchange.Notes.olderConnection.rawValue == UInt8(HILO_FLAG_OLDER_CONNECTION.rawValue))
        #expect(Exchange.Notes.adoptedIDs.rawValue == UInt8(HILO_FLAG_ADOPTED_IDS.rawValue))
        #expect(Exchange.Notes.parentRemote.rawValue == UInt8(HILO_FLAG_PARENT_REMOTE.rawValue))
        #expect(Exchange.Notes.secure.rawValue == UInt8(HILO_FLAG_SECURE.rawValue))
        #expect(ProcessEvent.Happening.exec.rawValue == UInt8(HILO_PROCESS_EXEC.rawValue))
        #expect(ProcessEvent.Happening.fork.rawValue == UInt8(HILO_PROCESS_FORK.rawValue))
        #expect(ProcessEvent.Happening.exit.rawValue == UInt8(HILO_PROCESS_EXIT.rawValue))
        #expect(ProcessEvent.Happening.listen.rawValue == UInt8(HILO_PROCESS_LISTEN.rawValue))
        #expect(ProcessEvent.Happening.harmed.rawValue == UInt8(HILO_PROCESS_HARMED.rawValue))
        #expect(ProcessEvent.Happening.encrypts.rawValue == UInt8(HILO_PROCESS_ENCRYPTS.rawValue))
        #expect(Sampler.alwaysOn.kernelSettings.sampler == HILO_SAMPLER_ALWAYS_ON.rawValue)
        #expect(Sampler.alwaysOff.kernelSettings.sampler == HILO_SAMPLER_ALWAYS_OFF.rawValue)
        #expect(Sampler.traceIDRatio(0.5).kernelSettings.sampler == HILO_SAMPLER_TRACE_ID_RATIO.rawValue)
    }

    @Test func aRootHasNoParent() throws {
        #expect(try Exchange(RecordBytes()).parentID == nil)
    }

    @Test func ipv6() throws {
        var record = RecordBytes()
        record.head.family = 6
        record.set(\.peer_address, [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1])
        #expect(try Exchange(record).peerAddress?.text == "2001:db8::1")
    }

    @Test func anotherFamilyHasNoAddresses() throws {
        var record = RecordBytes()
        record.head.family = 1
        #expect(try Exchange(record).peerAddress == nil)
    }

    @Test func anAnswerAloneNeedsNoIdentity() throws {
        let exchange = try Exchange(RecordBytes().responseHalf())
        #expect(exchange.parts == .response)
        #expect(exchange.status == 200)
        #expect(exchange.request == nil)
    }

    @Test func everyLengthButTheRightOneIsRefused() throws {
        let record = RecordBytes().bytes
        for length in 0..<record.count {
            #expect(throws: RecordError.self) { try decode(Array(record.prefix(length))) }
        }
        #expect(throws: RecordError.length(expected: record.count, actual: record.count + 1)) {
            try decode(record + [0])
        }
        _ = try decode(record)
    }

    @Test(
        arguments: [
            (28, 0, .role), (28, 3, .role), (29, 0, .parts), (29, 4, .parts), (30, 6, .end), (30, 0, .end),
            (65, 9, .parentSource), (66, 0, .httpVersion), (66, 0x20, .httpVersion),
        ] as [(Int, UInt8, RecordError.Field)])
    func valuesThatTheEnumsDoNotHaveAreRefused(_ offset: Int, _ value: UInt8, _ field: RecordError.Field) {
        var bytes = RecordBytes().bytes
        bytes[offset] = value
        #expect(throws: RecordError.field(field, value: UInt64(value))) { try decode(bytes) }
    }

    @Test func identitiesOfZeroAreRefused() {
        var record = RecordBytes()
        record.set(\.trace_id, [])
        #expect(throws: RecordError.field(.traceID, value: 0)) { try decode(record.bytes) }
        record = RecordBytes()
        record.set(\.span_id, [])
        #expect(throws: RecordError.field(.spanID, value: 0)) { try decode(record.bytes) }
    }

    @Test func lengthsBeyondTheABIAreRefused() {
        var record = RecordBytes()
        record.excerpt = [UInt8](repeating: 0x61, count: 1025)
        #expect(throws: RecordError.field(.lengths, value: 1025)) { try decode(record.bytes) }
        record = RecordBytes()
        record.traceState = [UInt8](repeating: 0x61, count: 513)
        #expect(throws: RecordError.field(.lengths, value: 513)) { try decode(record.bytes) }
    }

    @Test func anUnknownKindIsRefused() {
        var bytes = RecordBytes().bytes
        bytes[0] = 9
        #expect(throws: RecordError.kind(9)) { try decode(bytes) }
    }

    @Test func whatTheNetworkSentIsNoFaultOfTheRecord() throws {
        #expect(try Exchange(RecordBytes("\u{1}\u{2}\u{3}")).request == nil)
        #expect(try Exchange(RecordBytes("")).request == nil)
        var record = RecordBytes()
        record.traceState = Array("not a list".utf8)
        #expect(try Exchange(record).traceState == nil)
        record.traceState = Array(" , ".utf8)
        #expect(try Exchange(record).traceState == nil)
    }

    @Test func processEvents() throws {
        var event = hilo_process_event()
        event.kind = UInt16(HILO_RECORD_PROCESS.rawValue)
        event.happening = UInt8(HILO_PROCESS_LISTEN.rawValue)
        event.selected = 1
        event.tgid = 4242
        event.parent_tgid = 4000
        event.port = 8080
        event.time_ns = 123_456_789
        withUnsafeMutableBytes(of: &event.comm) { $0.copyBytes(from: [0x6e, 0x67, 0x1b, 0xff]) }
        let bytes = withUnsafeBytes(of: event) { Array($0) }
        guard case .process(let read) = try decode(bytes) else { throw Missing() }
        #expect(
            read
                == ProcessEvent(
                    happening: .listen, isSelected: true, process: 4242, parent: 4000, port: 8080,
                    monotonicNanos: 123_456_789, command: "ng\u{fffd}\u{fffd}"))

        for length in 0..<bytes.count { #expect(throws: RecordError.self) { try decode(Array(bytes.prefix(length))) } }
        #expect(throws: RecordError.length(expected: 40, actual: 41)) { try decode(bytes + [0]) }
        var unknown = bytes
        unknown[2] = 7
        #expect(throws: RecordError.field(.happening, value: 7)) { try decode(unknown) }
        // All sixteen bytes of a name that has no end.
        var endless = bytes
        for index in 24..<40 { endless[index] = 0x61 }
        guard case .process(let full) = try decode(endless) else { throw Missing() }
        #expect(full.command == String(repeating: "a", count: 16))
    }

    @Test func unsafeMemoryIsReadTheSameWay() throws {
        let bytes = RecordBytes().bytes
        let exchange = try bytes.withUnsafeBytes { try Exchange(decoding: $0) }
        #expect(try exchange == Exchange(RecordBytes()))
        guard case .exchange(exchange) = try bytes.withUnsafeBytes({ try Record(decoding: $0) }) else {
            throw Missing()
        }
        #expect(throws: RecordError.self) { try Record(decoding: UnsafeRawBufferPointer(start: nil, count: 0)) }
    }

    private func decode(_ bytes: [UInt8]) throws(RecordError) -> Record {
        try Record(decoding: bytes.span)
    }
}
