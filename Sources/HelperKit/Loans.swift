internal import LinuxSys
internal import Wire

/// What the coordinator lends: maps of another helper's, and a control group to attach to.
public struct Loans: ~Copyable {
    private var maps: [(name: String, descriptor: Int32)] = []
    public private(set) var controlGroup: Int32?

    /// Waits for all of it, before the greeting. Maps are known by their names alone.
    ///
    /// - Parameter expected: which maps there have to be, where these are.
    /// - Throws: `HelperFault` unless each came once, and where who lends them could have made them (`MapMakers`).
    public init(
        from coordinator: borrowing Coordinator, expecting expected: (_ names: [String]) -> [String]
    ) throws(HelperFault) {
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
        let wanted = expected(names)
        guard maps.count == wanted.count, Set(names) == Set(wanted) else {
            throw HelperFault(.fault, "What is lent is not what capture shares: \(maps.map(\.name).sorted())")
        }
        try MapMakers.requirePrivileged()
    }

    public func map(_ name: String) -> Int32? {
        maps.first { $0.name == name }?.descriptor
    }

    public var names: [String] { maps.map(\.name) }

    /// The programs have references of their own now.
    public mutating func giveBack() {
        for map in maps { _ = OwnedFD(adopting: map.descriptor) }
        maps = []
        if let controlGroup { _ = OwnedFD(adopting: controlGroup) }
        controlGroup = nil
    }
}
