internal import BPFABI
internal import CLibBPF
internal import HelperKit
internal import LibBPF
internal import LinuxSys
internal import Wire

/// Loads the propagation programs over the maps that capture's programs work on, attaches them to a control group, and
/// gives up every privilege. From then on it hands connections that rest to the program that enrols them again; it
/// touches no traffic itself.
///
/// The coordinator gets a descriptor of each link, so that the programs outlive this process until the next one's are
/// attached.
struct TCAttacher: HelperService, ~Copyable {
    static let manifest = HelperManifest.tcAttacher

    private let arguments: Arguments
    private var object: [UInt8] = []
    private var loans: Loans?
    private var propagation: Propagation?
    private var facts: [Fact] = []
    private var renewal: Renewal?
    private var interfaces: Interfaces?
    private var older: OlderConnections?
    private(set) var watched: Int32?
    private(set) var wakeInterval: UInt64?

    init(arguments: [String]) throws(HelperFault) {
        self.arguments = try Arguments(arguments)
    }

    mutating func open() throws(HelperFault) {
        object = try ObjectFile.read("propagate.bpf.o", of: "The propagation programs")
    }

    mutating func receive(from coordinator: borrowing Coordinator) throws(HelperFault) {
        loans = try Loans(from: coordinator) { SharedMaps.names(trustedSockets: SharedMaps.areOfTrustedSockets($0)) }
    }

    mutating func load(for coordinator: borrowing Coordinator) throws(HelperFault) {
        guard var loans = loans.take() else { throw HelperFault(.fault, "Nothing was lent") }
        let networks = try Networks(areAsked: arguments.carriers & HILO_PROPAGATE_HEADERS.rawValue != 0)
        let propagation = try propagate(on: loans, network: try networks.cookie())
        facts += propagation.facts
        if let link = propagation.observing { older = try OlderConnections(link: link) }
        if let programs = propagation.watching {
            var interfaces = try Interfaces(programs)
            try interfaces.catchUp()
            facts.append(interfaces.fact)
            self.interfaces = consume interfaces
        }
        if let map = loans.map(SharedMaps.ofRests) {
            try renew(by: propagation.renewing, map: hilo_libbpf_keep(map), networks)
        }
        self.propagation = propagation
        loans.giveBack()
        object = []
    }

    /// By whatever was asked for, or what of it this kernel takes.
    private mutating func propagate(
        on loans: borrowing Loans, network: UInt64
    ) throws(HelperFault) -> Propagation {
        if let all = try Propagation(object, carriers: arguments.carriers, network: network, loans) { return all }
        let reason = "this kernel does not pass on what is sent as it was, where a header is put into it"
        let others = arguments.carriers & ~HILO_PROPAGATE_HEADERS.rawValue
        guard others & HILO_PROPAGATE_TCP.rawValue != 0,
            let rest = try Propagation(object, carriers: others, network: network, loans)
        else {
            throw HelperFault(
                .unavailable,
                "No headers can be written: \(reason). Remedy: OTEL_EBPF_BPF_CONTEXT_PROPAGATION=tcp, or another "
                    + "kernel")
        }
        facts.append(Fact(Fact.headersWithheld, reason))
        return rest
    }

    private mutating func renew(by program: Int32, map: Int32, _ networks: consuming Networks) throws(HelperFault) {
        do throws(SysError) {
            let watching = interfaces == nil ? nil : InterfaceWatch.descriptor
            let renewal = try Renewal(
                program: program, map: map, bytes: UInt32(HILO_RESTING_BYTES), networks, besides: watching)
            watched = renewal.wakeups
            self.renewal = consume renewal
        } catch {
            throw HelperFault(error)
        }
    }

    mutating func wake(for coordinator: borrowing Coordinator) throws(HelperFault) {
        if var interfaces = interfaces.take() {
            try interfaces.catchUp()
            self.interfaces = consume interfaces
        }
        guard var renewal = renewal.take() else { return }
        try renewal.wake()
        wakeInterval = renewal.wakeInterval
        if var older = older.take() {
            if renewal.hasMetOlder { older.ask() }
            try older.look()
            self.older = consume older
        }
        self.renewal = consume renewal
    }

    func probed() -> [Fact] {
        facts
    }

    func begin(for coordinator: borrowing Coordinator) throws(HelperFault) {
        for link in propagation?.links ?? [] {
            try coordinator.send(CaptureLink(program: link.program), descriptors: [link.descriptor])
        }
    }
}
