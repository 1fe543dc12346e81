internal import HelperKit
internal import LinuxSys
internal import Wire

/// Loads the propagation programs over the maps that capture's programs work on, attaches them to a control group, and
/// gives up every privilege. It touches no traffic itself.
///
/// The coordinator gets a descriptor of each link, so that the programs outlive this process until the next one's are
/// attached.
struct TCAttacher: HelperService, ~Copyable {
    static let manifest = HelperManifest.tcAttacher

    private let arguments: Arguments
    private var object: [UInt8] = []
    private var loans: Loans?
    private var propagation: Propagation?

    init(arguments: [String]) throws(HelperFault) {
        self.arguments = try Arguments(arguments)
    }

    mutating func open() throws(HelperFault) {
        object = try ObjectFile.read("propagate.bpf.o", of: "The propagation programs")
    }

    mutating func receive(from coordinator: borrowing Coordinator) throws(HelperFault) {
        loans = try Loans(from: coordinator)
    }

    mutating func load(for coordinator: borrowing Coordinator) throws(HelperFault) {
        guard var loans = loans.take() else { throw HelperFault(.fault, "Nothing was lent") }
        propagation = try Propagation(object, carriers: arguments.carriers, loans)
        loans.giveBack()
        object = []
    }

    func probed() -> [Fact] {
        propagation?.facts ?? []
    }

    func begin(for coordinator: borrowing Coordinator) throws(HelperFault) {
        for link in propagation?.links ?? [] {
            try coordinator.send(CaptureLink(program: link.program), descriptors: [link.descriptor])
        }
    }
}
