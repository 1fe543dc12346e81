/// A measurement by OpenTelemetry's data model of metrics.
public struct Metric: Hashable, Sendable {
    public enum Kind: Sendable {
        /// A monotonic sum since the exporter's start.
        case counter
        /// A sum that also becomes less.
        case upDownCounter
        /// What is now, and cannot be added up.
        case gauge
    }

    public struct Point: Hashable, Sendable {
        public var attributes: [String: String]
        public var value: UInt64

        public init(_ value: UInt64, _ attributes: [String: String] = [:]) {
            self.value = value
            self.attributes = attributes
        }
    }

    public var name: String
    /// By the Unified Code for Units of Measure; what is counted stands in braces.
    public var unit: String
    public var description: String
    public var kind: Kind
    /// No two of them have the same attributes.
    public var points: [Point]

    public init(_ name: String, _ kind: Kind, unit: String, _ description: String, _ points: [Point]) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.description = description
        self.points = points
    }
}
