/// The method of a request. Those of RFC 9110 and PATCH (RFC 5789) are what OpenTelemetry calls known methods.
public enum HTTPMethod: Hashable, Sendable {
    case get, head, post, put, delete, connect, options, trace, patch
    /// Any other token, in the letters that were sent: methods are case-sensitive (RFC 9110 section 9.1).
    case other(String)

    /// The longest method that is read; the longest registered one (UPDATEREDIRECTREF) has 17 letters.
    static let maxLength = 32

    public var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .connect: "CONNECT"
        case .options: "OPTIONS"
        case .trace: "TRACE"
        case .patch: "PATCH"
        case .other(let name): name
        }
    }

    public init(_ name: String) {
        self =
            switch name {
            case "GET": .get
            case "HEAD": .head
            case "POST": .post
            case "PUT": .put
            case "DELETE": .delete
            case "CONNECT": .connect
            case "OPTIONS": .options
            case "TRACE": .trace
            case "PATCH": .patch
            default: .other(name)
            }
    }

    /// From the bytes before the first space of a request line; nil when they are not a token, or too many.
    init?(parsing bytes: Swift.Span<UInt8>) {
        guard (1...HTTPMethod.maxLength).contains(bytes.count) else { return nil }
        for index in bytes.indices where !ASCII.isToken(bytes[index]) { return nil }
        // At most 15 bytes are a small string, so the known methods cost no allocation.
        self.init(bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
    }
}
