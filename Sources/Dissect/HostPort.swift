/// A host and perhaps a port, as a Host field, an authority or a request target names them (RFC 3986 section 3.2).
public struct HostPort: Hashable, Sendable {
    /// A name or an address; an IPv6 address is without its brackets.
    public let host: String
    /// Nil when none was named, or when what was there is not a port.
    public let port: UInt16?

    /// The longest name that DNS has is 253 characters.
    static let maxHostLength = 255

    public init(host: String, port: UInt16? = nil) {
        self.host = host
        self.port = port
    }

    /// Nil when there is no host, when it is longer than a host can be, or has a character that no host has. User
    /// information before an `@` is passed over.
    public init?(parsing bytes: Swift.Span<UInt8>) {
        let start = bytes.lastIndex(of: UInt8(ascii: "@"), in: 0..<bytes.count).map { $0 + 1 } ?? 0
        let range = bytes.trimmingBlanks(start..<bytes.count)
        guard let (host, port) = HostPort.split(bytes, range) else { return nil }
        guard (1...HostPort.maxHostLength).contains(host.count) else { return nil }
        for index in host where HostPort.isForbidden(bytes[index]) { return nil }
        self.host = SafeText.replacingUnprintable(bytes.extracting(host))
        self.port = port.flatMap { HostPort.number(bytes, $0) }
    }

    /// `host`, `host:port`, or the same with an IPv6 address in brackets: as it stands in a URL.
    public var authority: String {
        var text = ""
        append(to: &text)
        return text
    }

    /// Appends the ``authority`` to a text that has room for it, without making a string of its own.
    public func append(to text: inout String) {
        let isAddress6 = host.utf8.contains(UInt8(ascii: ":"))
        if isAddress6 { text.append("[") }
        text.append(host)
        if isAddress6 { text.append("]") }
        guard let port else { return }
        text.append(":")
        text.append(String(port))
    }

    /// White space, control characters, and what ends or quotes an authority. The rest is let through: names with
    /// underscores are in use, and so are names that are not ASCII.
    private static func isForbidden(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, 0x7f: true
        case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "\\"), UInt8(ascii: "\""): true
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "["), UInt8(ascii: "]"): true
        default: false
        }
    }

    /// Where the host is, and the digits of the port; nil when a bracket is not closed.
    private static func split(
        _ bytes: Swift.Span<UInt8>, _ range: Range<Int>
    ) -> (host: Range<Int>, port: Range<Int>?)? {
        let colon = UInt8(ascii: ":")
        if !range.isEmpty, bytes[range.lowerBound] == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]"), in: range) else { return nil }
            let rest = close + 1..<range.upperBound
            let port = !rest.isEmpty && bytes[rest.lowerBound] == colon ? rest.dropFirst() : nil
            return (range.lowerBound + 1..<close, port.map { $0.startIndex..<$0.endIndex })
        }
        guard let first = bytes.firstIndex(of: colon, in: range) else { return (range, nil) }
        // More than one colon and no bracket is a bare IPv6 address, which cannot have a port.
        if bytes.firstIndex(of: colon, in: first + 1..<range.upperBound) != nil { return (range, nil) }
        return (range.lowerBound..<first, first + 1..<range.upperBound)
    }

    /// A port in decimal: 0...65535, digits only.
    private static func number(_ bytes: Swift.Span<UInt8>, _ range: Range<Int>) -> UInt16? {
        guard (1...5).contains(range.count) else { return nil }
        var value: UInt32 = 0
        for index in range {
            guard ASCII.isDigit(bytes[index]) else { return nil }
            value = value * 10 + UInt32(bytes[index] & 0xf)
        }
        return UInt16(exactly: value)
    }
}
