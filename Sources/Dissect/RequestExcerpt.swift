/// What is known of a request: its request line and its Host line, the only bytes of it that leave the kernel.
///
/// The reader is tolerant: it takes a bare line feed for a line's end, looks past other header lines, and makes do with
/// an excerpt of which the request line, the Host line or both were cut. It never traps, whatever the bytes are.
public struct RequestExcerpt: Hashable, Sendable {
    public let method: HTTPMethod
    public let target: RequestTarget
    /// Nil when the request line was cut before it.
    public let version: HTTPVersion?
    /// The first Host line; nil when there is none, when it is empty, or when it was cut.
    public let host: HostPort?

    /// - Parameters:
    ///   - bytes: for example `GET /x?y HTTP/1.1\r\nHost: a:8080\r\n`.
    ///   - isTruncated: the request line may have been cut, with or without a line's end after the cut; or the Host
    ///     line may have been.
    public init(parsing bytes: Swift.Span<UInt8>, isTruncated: Bool = false) throws(DissectError) {
        let start = RequestExcerpt.skipEmptyLines(bytes)
        let lineFeed = bytes.firstIndex(of: ASCII.lineFeed, in: start..<bytes.count)
        let line = RequestExcerpt.withoutCarriageReturn(bytes, start..<(lineFeed ?? bytes.count))

        guard !line.isEmpty else { throw .empty }
        guard let space = bytes.firstIndex(of: ASCII.space, in: line) else { throw .requestLine }
        guard let method = HTTPMethod(parsing: bytes.extracting(line.lowerBound..<space)) else { throw .method }

        let rest = bytes.trimmingBlanks(space..<line.upperBound)
        let (target, version) = RequestExcerpt.split(bytes, rest)
        guard version != nil || isTruncated else { throw .version }
        guard !target.isEmpty else { throw .target }

        self.method = method
        self.version = version
        self.target = RequestTarget(
            parsing: bytes.extracting(target), method: method,
            isCut: version == nil && target.upperBound == rest.upperBound)
        self.host = lineFeed.flatMap { RequestExcerpt.host(bytes, from: $0 + 1, isTruncated: isTruncated) }
    }

    /// The same from an array.
    public init(parsing bytes: [UInt8], isTruncated: Bool = false) throws(DissectError) {
        try self.init(parsing: bytes.span, isTruncated: isTruncated)
    }

    /// "A server SHOULD ignore at least one empty line received prior to the request-line" (RFC 9112 section 2.2).
    private static func skipEmptyLines(_ bytes: Swift.Span<UInt8>) -> Int {
        var start = 0
        while start < bytes.count, bytes[start] == ASCII.carriageReturn || bytes[start] == ASCII.lineFeed { start += 1 }
        return start
    }

    private static func withoutCarriageReturn(_ bytes: Swift.Span<UInt8>, _ line: Range<Int>) -> Range<Int> {
        guard let last = line.last, bytes[last] == ASCII.carriageReturn else { return line }
        return line.lowerBound..<last
    }

    /// Target and version of what follows the method. The version is the last word, so that a target with spaces in
    /// it, which some clients send and some servers accept, stays whole; without a version the target is the first
    /// word.
    private static func split(_ bytes: Swift.Span<UInt8>, _ rest: Range<Int>) -> (Range<Int>, HTTPVersion?) {
        let length = 8
        let start = rest.upperBound - length
        if start > rest.lowerBound, ASCII.isBlank(bytes[start - 1]),
            bytes.holds("http/1.", at: start, before: rest.upperBound),
            let version = version(minor: bytes[rest.upperBound - 1])
        {
            return (bytes.trimmingBlanks(rest.lowerBound..<start), version)
        }
        let end = bytes.firstIndex(of: ASCII.space, in: rest) ?? rest.upperBound
        return (rest.lowerBound..<end, nil)
    }

    private static func version(minor: UInt8) -> HTTPVersion? {
        switch minor {
        case UInt8(ascii: "0"): .http10
        case UInt8(ascii: "1"): .http11
        default: nil
        }
    }

    /// The value of the first Host line among the lines that begin at `start`.
    private static func host(_ bytes: Swift.Span<UInt8>, from start: Int, isTruncated: Bool) -> HostPort? {
        var start = start
        while start < bytes.count {
            let lineFeed = bytes.firstIndex(of: ASCII.lineFeed, in: start..<bytes.count)
            let line = withoutCarriageReturn(bytes, start..<(lineFeed ?? bytes.count))
            if bytes.holds("host:", at: line.lowerBound, before: line.upperBound) {
                if lineFeed == nil && isTruncated { return nil }
                let value = bytes.trimmingBlanks(line.lowerBound + 5..<line.upperBound)
                return HostPort(parsing: bytes.extracting(value))
            }
            guard let lineFeed, !line.isEmpty else { return nil }
            start = lineFeed + 1
        }
        return nil
    }
}
