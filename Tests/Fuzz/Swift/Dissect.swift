import Dissect

/// The bytes of a request as an excerpt of it, its lines as targets and as hosts.
@Sendable func fuzzDissect(_ input: UnsafeRawBufferPointer) {
    let bytes = Array(input)
    let whole = excerpt(bytes, isTruncated: false)
    let cut = excerpt(bytes, isTruncated: true)
    if let whole {
        check(whole.version != nil, "a request line that is all there has a version")
        check(cut?.method == whole.method, "that it may be cut changes no method")
        check(cut?.target.path == whole.target.path, "nor what was read of the path")
    }

    // What follows the empty line is no part of the head.
    let end = Array("\r\n\r\n".utf8)
    let ended = excerpt(bytes + end, isTruncated: false)
    let followed = excerpt(bytes + end + Array("Host: smuggled\r\n".utf8), isTruncated: false)
    check(ended == followed, "a Host line behind the head was read")

    for line in bytes.split(separator: 0x0a, maxSplits: 8).map(Array.init) {
        checkHost(line.span)
        for isCut in [false, true] {
            checkTarget(RequestTarget(parsing: line.span, isCut: isCut))
            checkTarget(RequestTarget(parsing: line.span, method: .connect, isCut: isCut))
        }
        checkText(line.span)
    }
}

private func excerpt(_ bytes: [UInt8], isTruncated: Bool) -> RequestExcerpt? {
    guard let excerpt = try? RequestExcerpt(parsing: bytes, isTruncated: isTruncated) else { return nil }
    checkSafe(excerpt.method.name, limit: 32, "a method")
    check(!excerpt.method.name.isEmpty, "a method has letters")
    checkTarget(excerpt.target)
    if let host = excerpt.host { checkAuthority(host) }
    return excerpt
}

private func checkTarget(_ target: RequestTarget) {
    checkURLText(target.path, "a path")
    if let query = target.query { checkURLText(query, "a query") }
    if let scheme = target.scheme {
        checkSafe(scheme, limit: 32, "a scheme")
        check(scheme == scheme.lowercased(), "a scheme is in lower case")
    }
    if let authority = target.authority { checkAuthority(authority) }
    switch target.form {
    case .origin, .absolute: check(!target.path.isEmpty, "a path is not empty")
    case .authority: check(target.path.isEmpty && target.query == nil, "CONNECT has no path")
    case .asterisk: check(target.path == "*", "the asterisk is the path")
    }
    check(!target.path.utf8.contains(UInt8(ascii: "?")), "a path ends before the query")
    check(!target.path.utf8.contains(UInt8(ascii: "#")), "a path ends before the fragment")
}

private func checkURLText(_ text: String, _ what: String) {
    checkSafe(text, limit: SafeText.limit, what)
    check(!text.utf8.contains(0x20), "\(what) has a space")
    check(SafeText.percentEscaped(Array(text.utf8).span) == text, "\(what) is escaped once: \(text)")
}

private func checkHost(_ bytes: Swift.Span<UInt8>) {
    guard let host = HostPort(parsing: bytes) else { return }
    checkAuthority(host)
}

private func checkAuthority(_ host: HostPort) {
    // Each of 255 bytes may have become a U+FFFD.
    checkSafe(host.host, limit: 3 * 255, "a host")
    check(!host.host.isEmpty, "a host is not empty")
    check(!host.host.utf8.contains(UInt8(ascii: "@")), "user information is not kept: \(host.host)")
    if host.host.utf8.count <= 255 {
        let again = HostPort(parsing: Array(host.authority.utf8).span)
        check(again == host, "\(host.authority) is read as \(again?.authority ?? "nothing")")
    }
}

private func checkText(_ bytes: Swift.Span<UInt8>) {
    for limit in [0, 1, 7, 64] {
        checkSafe(SafeText.percentEscaped(bytes, limit: limit), limit: limit, "escaped text")
        checkSafe(SafeText.replacingUnprintable(bytes, limit: limit), limit: limit, "printable text")
    }
    let text = SafeText.replacingUnprintable(bytes)
    checkSafe(text, limit: SafeText.limit, "printable text")
    check(SafeText.replacingUnprintable(Array(text.utf8).span) == text, "what is printable stays")
}
