/// One fact about a span.
public struct Attribute: Hashable, Sendable {
    public let key: AttributeKey
    public let value: AttributeValue

    public init(_ key: AttributeKey, _ value: AttributeValue) {
        self.key = key
        self.value = value
    }
}

/// The value of a span's or a resource's attribute. Strings are valid UTF-8 and bounded where they come from the
/// network.
public enum AttributeValue: Hashable, Sendable {
    case string(String)
    case int(Int64)
    case bool(Bool)
    case double(Double)
}

extension AttributeValue: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) {
        self = .string(value)
    }
}
