internal import BPFABI
internal import CLibBPF
public import HelperKit
internal import LinuxSys
internal import Wire

/// An object of compiled programs that work on maps which an event-reader has made: from its bytes to the kernel. What
/// is attached or kept of it stays when it is closed, which it is at this value's end.
public struct LentObject: ~Copyable {
    /// How faults speak of it.
    public struct Words: Sendable {
        /// "The propagation programs"
        let programs: String
        /// "propagate.bpf.o"
        let file: String
        /// "that pass contexts on"
        let purpose: String

        public init(_ programs: String, file: String, purpose: String) {
            self.programs = programs
            self.file = file
            self.purpose = purpose
        }
    }

    private let object: OpaquePointer
    private let words: Words

    /// Nothing is loaded yet.
    public static func open(
        _ bytes: [UInt8], _ words: Words, _ loans: borrowing Loans
    ) throws(HelperFault) -> LentObject {
        libbpf_set_memlock_rlim(0)
        hilo_libbpf_listen()
        let opened = bytes.withUnsafeBytes { bpf_object__open_mem($0.baseAddress, $0.count, nil) }
        guard let opened else { throw LentObject.damage(words) }
        let object = LentObject(opened, words)
        for name in loans.names { try object.use(name, of: loans) }
        return object
    }

    private init(_ object: OpaquePointer, _ words: Words) {
        self.object = object
        self.words = words
    }

    deinit { bpf_object__close(object) }

    private borrowing func use(_ name: String, of loans: borrowing Loans) throws(HelperFault) {
        guard let map = bpf_object__find_map_by_name(object, name), let descriptor = loans.map(name) else {
            throw HelperFault(.fault, "\(words.programs) have no map \(name)")
        }
        guard MapShape(of: map).isThat(of: descriptor) else {
            throw HelperFault(.fault, "What is lent as map \(name) is another one")
        }
        let taken = bpf_map__reuse_fd(map, descriptor)
        guard taken == 0 else { throw refusal("use map \(name)", taken) }
    }

    /// What the programs have fixed before they are loaded; all but `carriers` where they are of bpf/propagate.
    public borrowing func set(
        carriers: UInt32, _ loans: borrowing Loans, loader: UInt32 = 0, renewing: UInt32 = 0, network: UInt64 = 0
    ) throws(HelperFault) {
        var options = hilo_load_options(
            ring_bytes: UInt64(bpf_map__max_entries(try map("records"))),
            trusted_sockets: SharedMaps.areOfTrustedSockets(loans.names) ? 1 : 0, propagation: carriers,
            loader: loader, renewing: renewing, network: network)
        let set = bpf_map__set_initial_value(
            try map(".rodata.options"), &options, MemoryLayout<hilo_load_options>.size)
        guard set == 0 else { throw refusal("set options", set) }
    }

    public borrowing func program(_ name: String) throws(HelperFault) -> OpaquePointer {
        guard let program = bpf_object__find_program_by_name(object, name) else { throw LentObject.damage(words) }
        return program
    }

    public borrowing func map(_ name: String) throws(HelperFault) -> OpaquePointer {
        guard let map = bpf_object__find_map_by_name(object, name) else { throw LentObject.damage(words) }
        return map
    }

    public borrowing func load() throws(HelperFault) {
        let loaded = bpf_object__load(object)
        guard loaded == 0 else { throw refusal("load", loaded) }
    }

    /// A descriptor that stays open when the object is closed, of a program or map that is loaded.
    public borrowing func keep(_ descriptor: Int32, _ name: String) throws(HelperFault) -> Int32 {
        let kept = hilo_libbpf_keep(descriptor)
        guard kept >= 0 else { throw refusal("keep \(name)", hilo_libbpf_error()) }
        return kept
    }

    /// - Parameter answer: the kernel's error number, negative or not.
    public borrowing func refusal(_ step: String, _ answer: Int32) -> HelperFault {
        let code = abs(answer)
        let said = Programs.lastWords()
        let text = "\(SysError.text(of: code)) (\(SysError.name(of: code)))\(said.isEmpty ? "" : ", \(said)")"
        return HelperFault(
            code == Errno.notPermitted ? .privilege : .unavailable,
            "This kernel does not take the programs \(words.purpose). \(step): \(text)")
    }

    private static func damage(_ words: Words) -> HelperFault {
        HelperFault(
            .fault,
            "\(words.programs) in lib/hilo/bpf/\(words.file) are damaged; 'make stage' puts whole ones there")
    }
}
