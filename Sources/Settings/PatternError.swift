/// Why a pattern, a list of ports, a duration or a size could not be read: half a sentence without a full stop, fit to
/// follow the key it belongs to.
public struct PatternError: Error, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
