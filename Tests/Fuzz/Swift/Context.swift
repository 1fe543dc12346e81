import TraceContext

/// The bytes as a traceparent and as a tracestate.
@Sendable func fuzzContext(_ input: UnsafeRawBufferPointer) {
    fuzzTraceParent(input)
    fuzzTraceState(input)
}

private func fuzzTraceParent(_ input: UnsafeRawBufferPointer) {
    let parent = try? TraceParent(parsing: input)
    check((parent != nil) == isTraceParent(Array(input)), "W3C Trace Context, section 3.2, sees it another way")
    guard let parent else { return }
    let again = try? TraceParent(parsing: parent.headerValue)
    check(again?.traceID == parent.traceID && again?.parentID == parent.parentID, "the identity survives")
    check(again?.flags == parent.flags.intersection(.known), "so do the flags that have a meaning")
    check(again?.headerValue == parent.headerValue, "what is sent on is sent on again unchanged")
    if parent.version == 0, parent.flags.isSubset(of: .known) {
        check(Array(parent.headerValue.utf8) == Array(input), "a traceparent of version 00 is its own text")
    }
}

/// The grammar of section 3.2, read byte by byte.
private func isTraceParent(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 55 else { return false }
    for (index, byte) in bytes.prefix(55).enumerated() {
        let isDash = byte == UInt8(ascii: "-")
        let isDigit = (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
        guard [2, 35, 52].contains(index) ? isDash : isDigit else { return false }
    }
    let zero = UInt8(ascii: "0")
    let isVersion0 = bytes[0] == zero && bytes[1] == zero
    if bytes[0] == UInt8(ascii: "f") && bytes[1] == UInt8(ascii: "f") { return false }
    if bytes.count > 55 && (isVersion0 || bytes[55] != UInt8(ascii: "-")) { return false }
    return bytes[3..<35].contains { $0 != zero } && bytes[36..<52].contains { $0 != zero }
}

private func fuzzTraceState(_ input: UnsafeRawBufferPointer) {
    guard let state = try? TraceState(parsing: input) else { return }
    check(state.members.count <= TraceState.maxMembers, "\(state.members.count) members")
    check(Set(state.members.map(\.key)).count == state.members.count, "a key occurs twice")
    for member in state.members {
        check((1...256).contains(member.key.utf8.count) && (1...256).contains(member.value.utf8.count), "lengths")
        check(member.value.utf8.allSatisfy { (0x20...0x7e).contains($0) && $0 != 0x2c && $0 != 0x3d }, "a value")
    }
    checkRoundTrip(state)
    for limit in [TraceState.maxLength, 100, 0] {
        let trimmed = state.trimmed(to: limit)
        check(trimmed.headerValue.utf8.count <= limit, "\(trimmed.headerValue.utf8.count) of \(limit) characters")
        check(trimmed.trimmed(to: limit) == trimmed, "what was trimmed stays")
        var rest = state.members[...]
        for member in trimmed.members {
            guard let place = rest.firstIndex(of: member) else { return check(false, "trimming adds or reorders") }
            rest = rest[(place + 1)...]
        }
        checkRoundTrip(trimmed)
    }
}

private func checkRoundTrip(_ state: TraceState) {
    let text = state.headerValue
    check((try? TraceState(parsing: text))?.members == state.members, "read again, \(text) is something else")
}
