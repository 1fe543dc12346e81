internal import CLibBPF
internal import HelperKit
internal import LibBPF
internal import LinuxSys
internal import Wire

/// What the coordinator lends: capture's maps, and the control group to attach to.
struct Loans: ~Copyable {
    private var maps: [(name: String, descriptor: Int32)] = []
    private(set) var controlGroup: Int32?

    /// Whether capture keeps its state with sockets that the verifier trusts.
    var hasTrustedSockets: Bool { maps.contains { $0.name == SharedMaps.ofTrustedSockets } }

    /// Waits for all of it, before the greeting.
    ///
    /// - Throws: `HelperFault` unless each came once, and is a map or a control group.
    init(from coordinator: borrowing Coordinator) throws(HelperFault) {
        var buffer = MessageBuffer(capacity: WireFormat.largestMessage)
        var left = UInt16.max
        while left > 0 {
            let loan = try coordinator.receive(Loan.self, into: &buffer)
            guard left == .max || loan.left == left - 1, let descriptor = buffer.takeDescriptor(0) else {
                throw HelperFault(.fault, "What is lent came out of order")
            }
            left = loan.left
            if loan.name == Loan.controlGroup, controlGroup == nil {
                controlGroup = descriptor.release()
            } else {
                maps.append((loan.name, descriptor.release()))
            }
        }
        let expected = Set(SharedMaps.names(trustedSockets: hasTrustedSockets))
        guard maps.count == expected.count, Set(maps.map(\.name)) == expected else {
            throw HelperFault(.fault, "What is lent is not what capture shares: \(maps.map(\.name).sorted())")
        }
    }

    func map(_ name: String) -> Int32? {
        maps.first { $0.name == name }?.descriptor
    }

    var names: [String] { maps.map(\.name) }

    /// The programs have references of their own now.
    mutating func giveBack() {
        for map in maps { _ = OwnedFD(adopting: map.descriptor) }
        maps = []
        if let controlGroup { _ = OwnedFD(adopting: controlGroup) }
        controlGroup = nil
    }
}
