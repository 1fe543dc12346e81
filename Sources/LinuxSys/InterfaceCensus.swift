/// Which interfaces there are, from what the kernel says of each, and of all where it was asked: when to ask it, and
/// which are gone without a word.
public struct InterfaceCensus: Sendable {
    /// While the kernel names all: those that it has named.
    private var named: Set<UInt32>?
    private var isBehind = true

    public init() {}

    /// Whether to ask for all now: to be looked at when everything that came was read. As long as something waits to be
    /// read, and was lost once, the kernel says nothing more.
    public var asks: Bool { isBehind && named == nil }

    /// The kernel was asked.
    public mutating func asked() {
        isBehind = false
        named = []
    }

    /// Something was lost, or could not be asked.
    public mutating func lost() {
        isBehind = true
    }

    public mutating func present(_ interface: UInt32) {
        named?.insert(interface)
    }

    /// It will name no more, since it cannot now.
    public mutating func refused() {
        named = nil
        isBehind = true
    }

    /// All were named.
    ///
    /// - Returns: those that are there; nil where that cannot be told, since something was lost meanwhile.
    public mutating func listed() -> Set<UInt32>? {
        defer { named = nil }
        return isBehind ? nil : named
    }
}
