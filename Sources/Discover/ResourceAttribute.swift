/// An attribute of the resource that a process's spans belong to, by OpenTelemetry's resource conventions.
public struct ResourceAttribute: Sendable, Hashable {
    public enum Value: Sendable, Hashable {
        case string(String)
        case integer(Int64)
    }

    public let name: String
    public let value: Value

    public init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }
}

/// The machine, as resources name it.
public struct HostIdentity: Sendable, Hashable {
    /// `host.name`.
    public var name: String
    /// `host.id`: the text of /etc/machine-id, or nil where there is none.
    public var id: String?

    public init(name: String, id: String?) {
        self.name = name
        self.id = id
    }
}
