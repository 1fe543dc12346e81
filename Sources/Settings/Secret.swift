/// Text that must never reach a log, a fault or a terminal: printing it, interpolating it or dumping it shows only
/// that it is there.
public struct Secret: Sendable, Equatable {
    /// The text itself. Only what sends it over the wire has business here.
    public let revealed: String

    public init(_ revealed: String) {
        self.revealed = revealed
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "(secret)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
