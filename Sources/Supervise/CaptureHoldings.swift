internal import LinuxSys
internal import Wire

/// What an event-reader entrusted: descriptors by which its programs stay attached, and what they captured stays
/// readable, when it is gone. Nothing can be loaded or attached with them.
struct CaptureHoldings: ~Copyable {
    private let maps: [HeldDescriptor]
    private var links: [HeldDescriptor] = []
    private let expected: Int

    /// - Parameter descriptors: as they came with `CaptureMaps`.
    init(_ message: CaptureMaps, _ descriptors: consuming [HeldDescriptor]) {
        maps = descriptors
        expected = Int(message.links)
        links.reserveCapacity(expected)
    }

    /// Whether capture would go on without the helper.
    var isComplete: Bool { links.count == expected }

    /// - Returns: false when there are more links than were announced.
    mutating func add(_ link: HeldDescriptor) -> Bool {
        guard links.count < expected else { return false }
        links.append(link)
        return true
    }

    /// For an heir, in the order of `CaptureMaps`; they must not outlive this value.
    var mapNumbers: [Int32] { maps.map(\.number) }
}

/// A descriptor that several can refer to.
final class HeldDescriptor: Sendable {
    private let descriptor: OwnedFD

    init(_ descriptor: consuming OwnedFD) {
        self.descriptor = descriptor
    }

    var number: Int32 { descriptor.rawValue }
}
