public import LinuxSys
internal import Wire

/// What an event-reader entrusted: descriptors by which its programs stay attached, and what they captured stays
/// readable, when it is gone. Nothing can be loaded or attached with them.
struct CaptureHoldings: ~Copyable {
    private let maps: [HeldDescriptor]
    private var links: [HeldDescriptor] = []
    /// Of those maps that a tc-attacher works on.
    private(set) var shared: [LoanedDescriptor] = []
    private let announced: CaptureMaps

    /// - Parameter descriptors: as they came with `CaptureMaps`.
    init(_ message: CaptureMaps, _ descriptors: consuming [HeldDescriptor]) {
        maps = descriptors
        announced = message
        links.reserveCapacity(Int(message.links))
    }

    /// Whether capture would go on without the helper.
    var isComplete: Bool { links.count == announced.links && shared.count == announced.shared }

    /// - Returns: false when there are more links than were announced.
    mutating func add(_ link: HeldDescriptor) -> Bool {
        guard links.count < announced.links else { return false }
        links.append(link)
        return true
    }

    /// - Returns: false when there are more than were announced, or two of one name.
    mutating func share(_ map: LoanedDescriptor) -> Bool {
        guard shared.count < announced.shared, !shared.contains(where: { $0.name == map.name }) else { return false }
        shared.append(map)
        return true
    }

    /// For an heir, in the order of `CaptureMaps`; they must not outlive this value.
    var mapNumbers: [Int32] { maps.map(\.number) }
}

/// A descriptor that several can refer to.
public final class HeldDescriptor: Sendable {
    private let descriptor: OwnedFD

    public init(_ descriptor: consuming OwnedFD) {
        self.descriptor = descriptor
    }

    var number: Int32 { descriptor.rawValue }

    /// Lends it for a call.
    public func withDescriptor<Result: ~Copyable, Failure: Error>(
        _ body: (borrowing OwnedFD) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(descriptor)
    }
}

/// What a helper gets before it greets: see `Loan`.
public struct LoanedDescriptor: Sendable {
    public let name: String
    let descriptor: HeldDescriptor

    public init(name: String, _ descriptor: HeldDescriptor) {
        self.name = name
        self.descriptor = descriptor
    }
}
