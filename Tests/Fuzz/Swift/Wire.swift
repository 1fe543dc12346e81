import Wire

/// The bytes as a whole message of either direction; and, behind a number that says which kind, as its payload.
@Sendable func fuzzWire(_ input: UnsafeRawBufferPointer) {
    checkMessage(Array(input))
    guard let first = input.first else { return }
    let kind = MessageKind.allCases[Int(first) % MessageKind.allCases.count]
    checkMessage(message(kind, payload: input.dropFirst()))
}

private func message(_ kind: MessageKind, payload: some Collection<UInt8>) -> [UInt8] {
    func bytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
    return bytes(WireFormat.version) + bytes(kind.rawValue) + bytes(UInt32(kind.isUnsolicited ? 0 : 7))
        + bytes(UInt32(payload.count)) + [0, 0, 0, 0] + payload
}

/// The message, with as many descriptors as its kind carries.
private func frame(_ raw: UnsafeRawBufferPointer) -> Frame? {
    let number = raw.count >= 4 ? UInt16(raw[2]) | UInt16(raw[3]) << 8 : 0
    return try? Frame(decoding: raw, descriptors: MessageKind(rawValue: number)?.rule.descriptors ?? 0)
}

private func checkMessage(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { raw in
        guard let frame = frame(raw) else { return }
        check(bytes.count <= WireFormat.largestMessage, "a message of \(bytes.count) bytes")
        check((frame.header.id == 0) == frame.kind.isUnsolicited, "an id of \(frame.kind)")
        check(frame.payload.count == bytes.count - WireFormat.headerSize, "the payload is all that follows")
        switch frame.kind {
        case .declined: checkBack(frame, Declined.self)
        case .scan: checkBack(frame, ScanRequest.self)
        case .scanned: checkBack(frame, ScanReply.self)
        case .describe: checkBack(frame, DescribeRequest.self)
        case .described: checkBack(frame, ProcessDescription.self)
        case .library: checkBack(frame, LibraryRequest.self)
        case .libraryOpened: checkBack(frame, LibraryReply.self)
        case .attach: checkBack(frame, AttachRequest.self)
        case .attached: checkBack(frame, AttachReply.self)
        case .configure: checkBack(frame, ConfigureRequest.self)
        case .configured: checkBack(frame, ConfigureReply.self)
        case .select: checkBack(frame, SelectRequest.self)
        case .selected: checkBack(frame, SelectReply.self)
        case .count: checkBack(frame, CountRequest.self)
        case .counted: checkBack(frame, CountReply.self)
        case .hello: checkBack(frame, Hello.self)
        case .log: checkBack(frame, LogMessage.self)
        case .maps: checkBack(frame, CaptureMaps.self)
        case .link: checkBack(frame, CaptureLink.self)
        case .inherit: checkBack(frame, Inheritance.self)
        case .share: checkBack(frame, SharedMap.self)
        case .lend: checkBack(frame, Loan.self)
        case .records: checkRecords(frame, of: bytes)
        }
    }
}

/// What was read, written and read again is the same. The bytes are the same, too, unless they held text that was not
/// UTF-8, which is replaced and may then be too long.
private func checkBack<Message: WireMessage & Hashable>(_ frame: Frame, _: Message.Type) {
    guard let message = try? frame.decode(Message.self) else { return }
    do {
        let bytes = try message.encoded(id: frame.header.id)
        try bytes.withUnsafeBytes { raw in
            let again = try Frame(decoding: raw, descriptors: Message.kind.rule.descriptors)
            check(again.header.id == frame.header.id, "the id survives")
            check(try again.decode(Message.self) == message, "\(message) survives")
            let isSame = again.payload.elementsEqual(frame.payload)
            check(isSame || again.payload.contains(0xef), "\(message) has other bytes than it came from")
        }
    } catch {
        check(error as? WireError == .tooLong, "\(message) cannot be written: \(error)")
        check(frame.payload.contains { $0 >= 0x80 }, "plain text has grown too long")
    }
}

private func checkRecords(_ frame: Frame, of bytes: [UInt8]) {
    guard var records = try? Records(frame) else { return }
    var batch = RecordBatch()
    var total = 0
    do {
        while let record = try records.next() {
            total += record.count
            let place = records.position &- UInt64(8 + (record.count + 7) / 8 * 8)
            check(batch.append(record, at: place), "records that came in one message fit one message")
        }
    } catch { return }
    check(batch.count == records.count && total <= frame.payload.count, "\(batch.count) of \(records.count) records")
    // Without a record there is nothing that stands anywhere.
    guard records.count > 0 else { return }
    batch.flush { check($0.elementsEqual(bytes), "the same records make another message") }
    check(batch.isEmpty, "a batch that was handed over is empty")
}
