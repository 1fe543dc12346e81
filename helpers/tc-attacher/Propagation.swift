internal import BPFABI
internal import CLibBPF
internal import HelperKit
internal import LibBPF
internal import LinuxSys
internal import Wire

/// The propagation programs at work, through descriptors that stay open until this process ends. Of what they work on
/// it keeps the ring of connections that rest, and the programs that enrol them again, and let them go.
struct Propagation {
    /// What keeps the programs attached: links, and for the one of map `enrolled` that map.
    let links: [(program: String, descriptor: Int32)]
    /// The programs for interfaces; nil where they are not needed.
    let watching: Interfaces.Programs?
    /// The program that enrols again, and says which connections are older than itself.
    let renewing: Int32
    /// The iterator that takes those up; nil where the kernel has no such thing.
    let observing: Int32?
    let facts: [Fact]

    private static let words = LentObject.Words(
        "The propagation programs", file: "propagate.bpf.o", purpose: "that pass contexts on")

    /// What hangs on the control group; the one of map `enrolled` belongs to that map.
    private static let ofControlGroup = ["connecting_v4", "connecting_v6", "socket_event"]
    /// The same, of all that its processes receive.
    private static let ofPackets = "packet_arriving"
    private static let ofEnrolled = "message_sending"
    private static let ofRehearsal = "rehearsing"
    private static let ofIngress = "arriving"
    private static let ofEgress = "leaving"
    private static let ofRests = "renewing"
    private static let ofOlder = "observing"

    /// Loads and attaches. What is attached stays so by its links; the object, with its maps and programs, is closed.
    ///
    /// - Returns: nil, and nothing is attached, where headers were asked for and this kernel is seen to damage what is
    ///   sent.
    init?(
        _ bytes: [UInt8], carriers: UInt32, network: UInt64, _ loans: borrowing Loans
    ) throws(HelperFault) {
        guard let group = loans.controlGroup else {
            throw HelperFault(.fault, "No control group was lent to attach to")
        }
        let object = try LentObject.open(bytes, Propagation.words, loans)
        let later = LaterRequests(carriers: carriers)
        try object.set(
            carriers: carriers, loans, loader: UInt32(bitPattern: ProcessControl.processID),
            renewing: later.renewing.rawValue, network: network)
        let writesHeaders = carriers & HILO_PROPAGATE_HEADERS.rawValue != 0
        let observes = hilo_kernel_has_enumerator(OlderConnections.requirement)
        let readsPackets = carriers & HILO_PROPAGATE_IP.rawValue != 0
        let observer = try object.program(Propagation.ofOlder), rehearsal = try object.program(Propagation.ofRehearsal)
        bpf_program__set_autoload(observer, observes)
        bpf_program__set_autoload(rehearsal, writesHeaders)
        bpf_program__set_autoload(try object.program(Propagation.ofPackets), readsPackets)
        try object.load()
        let tried = writesHeaders ? hilo_kernel_takes_headers(bpf_program__fd(rehearsal)) : 1
        guard tried != 0, tried != -Errno.timedOut else { return nil }
        watching = later == .inHeaderWatched ? try Propagation.programsOfInterfaces(object) : nil
        renewing = try Propagation.keep(Propagation.ofRests, object)
        observing = observes ? try Propagation.iterator(observer, object) : nil
        let ofGroup = Propagation.ofControlGroup + (readsPackets ? [Propagation.ofPackets] : [])
        links = try Propagation.attach(object, ofGroup, to: group)
        facts = [
            Fact("rehearsal", tried == 1 ? "as it should be" : "could not be done: \(SysError.text(of: abs(tried)))"),
            Fact("programs", (ofGroup + [Propagation.ofEnrolled]).joined(separator: ",")),
            later.fact,
            Fact(Fact.olderConnections, observes ? Fact.takenUp : "left as they are: this kernel is older than 6.12"),
        ]
    }

    private static func keep(_ name: String, _ object: borrowing LentObject) throws(HelperFault) -> Int32 {
        try object.keep(bpf_program__fd(try object.program(name)), name)
    }

    private static func programsOfInterfaces(
        _ object: borrowing LentObject
    ) throws(HelperFault) -> Interfaces.Programs {
        Interfaces.Programs(ingress: try keep(ofIngress, object), egress: try keep(ofEgress, object))
    }

    private static func attach(
        _ object: borrowing LentObject, _ ofGroup: [String], to group: Int32
    ) throws(HelperFault) -> [(program: String, descriptor: Int32)] {
        let writer = try object.program(ofEnrolled)
        // Before anything is enrolled. It stays attached for as long as some process has a descriptor of the map.
        let enrolled = try object.keep(bpf_map__fd(try object.map("enrolled")), "enrolled")
        let hung = bpf_prog_attach(bpf_program__fd(writer), enrolled, BPF_SK_MSG_VERDICT, 0)
        guard hung == 0 else { throw object.refusal("attach \(ofEnrolled)", hung) }
        // Only programs put sockets there.
        let frozen = bpf_map_freeze(enrolled)
        guard frozen == 0 else { throw object.refusal("freeze enrolled", frozen) }
        var links = [(program: ofEnrolled, descriptor: enrolled)]
        for name in ofGroup {
            guard let link = bpf_program__attach_cgroup(try object.program(name), group) else {
                throw object.refusal("attach \(name)", hilo_libbpf_error())
            }
            links.append((name, bpf_link__fd(link)))
        }
        return links
    }

    /// The link of an iterator, which is a descriptor that stays open.
    private static func iterator(
        _ program: OpaquePointer, _ object: borrowing LentObject
    ) throws(HelperFault) -> Int32 {
        guard let link = bpf_program__attach_iter(program, nil) else {
            throw object.refusal("attach \(ofOlder)", hilo_libbpf_error())
        }
        return bpf_link__fd(link)
    }
}
