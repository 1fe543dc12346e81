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
    /// The program for interfaces; nil where it is not needed.
    let arriving: Int32?
    /// The program that enrols again, and says which connections are older than itself.
    let renewing: Int32
    /// The iterator that takes those up; nil where the kernel has no such thing.
    let observing: Int32?
    let facts: [Fact]

    /// What hangs on the control group; the one of map `enrolled` belongs to that map.
    private static let ofControlGroup = ["connecting_v4", "connecting_v6", "socket_event"]
    /// The same, of all that its processes receive.
    private static let ofPackets = "packet_arriving"
    private static let ofEnrolled = "message_sending"
    private static let ofInterfaces = "arriving"
    private static let ofRests = "renewing"
    private static let ofOlder = "observing"

    /// Loads and attaches. What is attached stays so by its links; the object, with its maps and programs, is closed.
    init(_ bytes: [UInt8], carriers: UInt32, _ loans: borrowing Loans) throws(HelperFault) {
        libbpf_set_memlock_rlim(0)
        hilo_libbpf_listen()
        let opened = bytes.withUnsafeBytes { bpf_object__open_mem($0.baseAddress, $0.count, nil) }
        guard let object = opened, let options = bpf_object__find_map_by_name(object, ".rodata.options") else {
            throw HelperFault(
                .fault, "The propagation programs in lib/hilo/bpf/propagate.bpf.o are damaged; 'make stage' puts whole "
                    + "ones there")
        }
        defer { bpf_object__close(object) }
        guard let group = loans.controlGroup else { throw Propagation.noControlGroup }
        for name in loans.names {
            guard let map = bpf_object__find_map_by_name(object, name), let descriptor = loans.map(name) else {
                throw HelperFault(.fault, "The propagation programs have no map \(name)")
            }
            guard MapShape(of: map).isThat(of: descriptor) else {
                throw HelperFault(.fault, "What is lent as map \(name) is another one")
            }
            let taken = bpf_map__reuse_fd(map, descriptor)
            guard taken == 0 else { throw Propagation.refusal("use map \(name)", taken) }
        }
        let later = LaterRequests(carriers: carriers)
        var values = hilo_load_options(
            ring_bytes: UInt64(Propagation.ringBytes(of: object)),
            trusted_sockets: SharedMaps.areOfTrustedSockets(loans.names) ? 1 : 0, propagation: carriers,
            loader: UInt32(bitPattern: ProcessControl.processID), renewing: later.renewing.rawValue)
        let set = bpf_map__set_initial_value(options, &values, MemoryLayout<hilo_load_options>.size)
        guard set == 0 else { throw Propagation.refusal("set options", set) }
        let observes = hilo_kernel_has_enumerator(OlderConnections.requirement)
        guard let observer = bpf_object__find_program_by_name(object, Propagation.ofOlder) else {
            throw HelperFault(.fault, "The propagation programs lack \(Propagation.ofOlder)")
        }
        bpf_program__set_autoload(observer, observes)
        let readsPackets = carriers & HILO_PROPAGATE_IP.rawValue != 0
        guard let reader = bpf_object__find_program_by_name(object, Propagation.ofPackets) else {
            throw HelperFault(.fault, "The propagation programs lack \(Propagation.ofPackets)")
        }
        bpf_program__set_autoload(reader, readsPackets)
        let loaded = bpf_object__load(object)
        guard loaded == 0 else { throw Propagation.refusal("load", loaded) }
        arriving = later == .inHeaderWatchingIngress ? try Propagation.keep(Propagation.ofInterfaces, of: object) : nil
        renewing = try Propagation.keep(Propagation.ofRests, of: object)
        observing = observes ? try Propagation.iterator(observer) : nil
        let ofGroup = Propagation.ofControlGroup + (readsPackets ? [Propagation.ofPackets] : [])
        links = try Propagation.attach(object, ofGroup, to: group)
        facts = [
            Fact("programs", (ofGroup + [Propagation.ofEnrolled]).joined(separator: ",")),
            later.fact,
            Fact(Fact.olderConnections, observes ? Fact.takenUp : "left as they are: this kernel is older than 6.12"),
        ]
    }

    /// A descriptor of a program that stays open when the object is closed.
    private static func keep(_ name: String, of object: OpaquePointer) throws(HelperFault) -> Int32 {
        guard let program = bpf_object__find_program_by_name(object, name) else {
            throw HelperFault(.fault, "The propagation programs lack \(name)")
        }
        let kept = hilo_libbpf_keep(bpf_program__fd(program))
        guard kept >= 0 else { throw refusal("keep \(name)", hilo_libbpf_error()) }
        return kept
    }

    private static func attach(
        _ object: OpaquePointer, _ ofGroup: [String], to group: Int32
    ) throws(HelperFault) -> [(program: String, descriptor: Int32)] {
        guard let writer = bpf_object__find_program_by_name(object, ofEnrolled) else {
            throw HelperFault(.fault, "The propagation programs lack \(ofEnrolled)")
        }
        // Before anything is enrolled. It stays attached for as long as some process has a descriptor of the map.
        let enrolled = hilo_libbpf_keep(bpf_object__find_map_fd_by_name(object, "enrolled"))
        let hung = bpf_prog_attach(bpf_program__fd(writer), enrolled, BPF_SK_MSG_VERDICT, 0)
        guard hung == 0 else { throw refusal("attach \(ofEnrolled)", hung) }
        // Only programs put sockets there.
        let frozen = bpf_map_freeze(enrolled)
        guard frozen == 0 else { throw refusal("freeze enrolled", frozen) }
        var links = [(program: ofEnrolled, descriptor: enrolled)]
        for name in ofGroup {
            guard let program = bpf_object__find_program_by_name(object, name),
                let link = bpf_program__attach_cgroup(program, group)
            else { throw refusal("attach \(name)", hilo_libbpf_error()) }
            links.append((name, bpf_link__fd(link)))
        }
        return links
    }

    /// The link of an iterator, which is a descriptor that stays open.
    private static func iterator(_ program: OpaquePointer) throws(HelperFault) -> Int32 {
        guard let link = bpf_program__attach_iter(program, nil) else {
            throw refusal("attach \(ofOlder)", hilo_libbpf_error())
        }
        return bpf_link__fd(link)
    }

    private static func ringBytes(of object: OpaquePointer) -> UInt32 {
        bpf_object__find_map_by_name(object, "records").map { bpf_map__max_entries($0) } ?? 0
    }

    private static let noControlGroup = HelperFault(.fault, "No control group was lent to attach to")

    private static func refusal(_ step: String, _ answer: Int32) -> HelperFault {
        let code = abs(answer)
        let words = Programs.lastWords()
        let text = "\(SysError.text(of: code)) (\(SysError.name(of: code)))\(words.isEmpty ? "" : ", \(words)")"
        return HelperFault(
            code == Errno.notPermitted ? .privilege : .unavailable,
            "This kernel does not take the programs that pass contexts on. \(step): \(text)")
    }
}
