/// What a request asks for: the middle of a request line (RFC 9112 section 3.2).
///
/// Texts are percent-escaped where they hold anything but visible characters of valid UTF-8, and bounded.
public struct RequestTarget: Hashable, Sendable {
    public enum Form: Hashable, Sendable {
        /// `/where?q=now`: what nearly all requests have.
        case origin
        /// `http://www.example.org/pub`: a request to a proxy.
        case absolute
        /// `www.example.com:80`: CONNECT.
        case authority
        /// `*`: OPTIONS for the server as a whole.
        case asterisk
    }

    public let form: Form
    /// In lower case; absolute form only.
    public let scheme: String?
    /// Absolute and authority form only; nil there too when it holds no host, or was cut off.
    public let authority: HostPort?
    /// User information stood before the host. It is never kept.
    public let hasCredentials: Bool
    /// Without query and fragment; `*` in asterisk form, empty in authority form.
    public let path: String
    /// What follows the first `?`, without that; nil when there is none. May hold secrets.
    public let query: String?
    /// False when the target was cut off within the path.
    public let isPathComplete: Bool

    /// - Parameters:
    ///   - bytes: the target alone.
    ///   - method: CONNECT is what tells the authority form from a path.
    ///   - isCut: more bytes of it may have followed.
    public init(parsing bytes: Swift.Span<UInt8>, method: HTTPMethod = .get, isCut: Bool = false) {
        if method == .connect {
            self.init(authority: bytes, isCut: isCut)
        } else if bytes.count == 1, bytes[0] == UInt8(ascii: "*") {
            self.init(form: .asterisk, path: "*", query: nil, isPathComplete: !isCut)
        } else if let colon = RequestTarget.schemeEnd(bytes) {
            self.init(absolute: bytes, schemeEnd: colon, isCut: isCut)
        } else {
            // What begins like no form may be a URL with a slip in it: user information is not kept there either.
            let end = bytes.firstIndex(of: UInt8(ascii: "?"), in: 0..<bytes.count) ?? bytes.count
            let isPath = bytes.count > 0 && bytes[0] == UInt8(ascii: "/")
            let at = isPath ? nil : bytes.lastIndex(of: UInt8(ascii: "@"), in: 0..<end)
            self.init(bytes, from: at.map { $0 + 1 } ?? 0, isCut: isCut, form: .origin, hasCredentials: at != nil)
        }
    }

    private init(
        form: Form, scheme: String? = nil, authority: HostPort? = nil, hasCredentials: Bool = false, path: String,
        query: String?, isPathComplete: Bool
    ) {
        self.form = form
        self.scheme = scheme
        self.authority = authority
        self.hasCredentials = hasCredentials
        self.path = path
        self.query = query
        self.isPathComplete = isPathComplete
    }

    private init(authority bytes: Swift.Span<UInt8>, isCut: Bool) {
        self.init(
            form: .authority, authority: isCut ? nil : HostPort(parsing: bytes),
            hasCredentials: bytes.firstIndex(of: UInt8(ascii: "@"), in: 0..<bytes.count) != nil, path: "", query: nil,
            isPathComplete: !isCut)
    }

    private init(absolute bytes: Swift.Span<UInt8>, schemeEnd colon: Int, isCut: Bool) {
        let start = colon + 3
        var end = start
        while end < bytes.count, !RequestTarget.endsAuthority(bytes[end]) { end += 1 }
        let isAuthorityCut = isCut && end == bytes.count
        let scheme = bytes.extracting(0..<colon).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        self.init(
            bytes, from: end, isCut: isCut, form: .absolute, scheme: scheme.lowercased(),
            authority: isAuthorityCut ? nil : HostPort(parsing: bytes.extracting(start..<end)),
            hasCredentials: bytes.firstIndex(of: UInt8(ascii: "@"), in: start..<end) != nil)
    }

    /// Path and query, which begin at `start`.
    private init(
        _ bytes: Swift.Span<UInt8>, from start: Int, isCut: Bool, form: Form, scheme: String? = nil,
        authority: HostPort? = nil, hasCredentials: Bool = false
    ) {
        // Clients do not send the fragment; where one does, it may hold a token, and it is not part of what is asked
        // for.
        let fragment = bytes.firstIndex(of: UInt8(ascii: "#"), in: start..<bytes.count)
        let end = fragment ?? bytes.count
        let mark = bytes.firstIndex(of: UInt8(ascii: "?"), in: start..<end)
        let path = start..<(mark ?? end)
        self.init(
            form: form, scheme: scheme, authority: authority, hasCredentials: hasCredentials,
            path: path.isEmpty ? "/" : SafeText.percentEscaped(bytes.extracting(path)),
            query: mark.map { SafeText.percentEscaped(bytes.extracting($0 + 1..<end)) },
            isPathComplete: !isCut || mark != nil || fragment != nil)
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }

    /// Where the colon is when the target begins with a scheme and `://`. The longest scheme in use is far below 32
    /// letters.
    private static func schemeEnd(_ bytes: Swift.Span<UInt8>) -> Int? {
        guard bytes.count > 3, ASCII.isLetter(bytes[0]) else { return nil }
        for index in 1..<min(bytes.count, 32) {
            switch bytes[index] {
            case UInt8(ascii: ":"):
                return bytes.holds("://", at: index, before: bytes.count) ? index : nil
            case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                continue
            case let byte where ASCII.isLetter(byte) || ASCII.isDigit(byte):
                continue
            default:
                return nil
            }
        }
        return nil
    }
}
