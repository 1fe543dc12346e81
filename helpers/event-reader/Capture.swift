internal import BPFABI
internal import CLibBPF
internal import HelperKit
internal import LibBPF
internal import LinuxSys
internal import Wire

/// The capture programs at work, reached through descriptors that stay open until this process ends.
struct Capture {
    let ring: Int32
    let settings: Int32
    let selected: Int32
    let counters: Int32
    /// What other programs work on, too, by the programs' names; empty where there are none.
    let shared: [(name: String, descriptor: Int32)]
    /// What keeps the programs attached, by their names; none for programs that another process loaded.
    let links: [(program: String, descriptor: Int32)]
    /// So many values has a counter: the kernel copies one for each *possible* processor, wherever that ends, so that a
    /// guess would not do.
    let processors: Int
    let facts: [Fact]

    /// In the order of `CaptureMaps`.
    var maps: [Int32] { [ring, settings, selected, counters] }

    /// Takes over what a predecessor loaded.
    ///
    /// - Parameter message: an `Inheritance`, with its descriptors.
    /// - Throws: `HelperFault` unless each is a map as it was loaded. Who sent them is not asked: the kernel copies as
    ///   many bytes as a map's values have, and a ring is read as far as its size.
    init(inheriting message: inout MessageBuffer, ringBytes: UInt32) throws(HelperFault) {
        ring = try Capture.take(0, of: &message, as: .init(BPF_MAP_TYPE_RINGBUF, entries: ringBytes))
        settings = try Capture.take(
            1, of: &message, as: .init(BPF_MAP_TYPE_ARRAY, key: 4, value: MemoryLayout<hilo_settings>.size))
        selected = try Capture.take(
            2, of: &message, as: .init(BPF_MAP_TYPE_HASH, key: 4, value: MemoryLayout<hilo_selected_process>.size))
        counters = try Capture.take(
            3, of: &message, as: .init(BPF_MAP_TYPE_PERCPU_ARRAY, key: 4, value: MemoryLayout<UInt64>.size))
        shared = []
        links = []
        let possible = libbpf_num_possible_cpus()
        guard possible > 0 else {
            throw HelperFault(.fault, "Possible processors cannot be counted: \(SysError.text(of: -possible))")
        }
        processors = Int(possible)
        facts = [Fact("programs", "inherited")]
    }

    private static func take(
        _ index: Int, of message: inout MessageBuffer, as shape: MapShape
    ) throws(HelperFault) -> Int32 {
        guard let descriptor = message.takeDescriptor(index), shape.isThat(of: descriptor.rawValue) else {
            throw HelperFault(.fault, "What came as map \(index) of an inheritance is not that map")
        }
        return descriptor.release()
    }

    /// Loads and attaches. The object and its links stay open: closing them would detach the programs.
    init(_ bytes: [UInt8], hooks: HookSet, _ arguments: Arguments, refused: [Refusal]) throws(Refusal) {
        func refusal(_ step: String, _ code: Int32) -> Refusal {
            Refusal(hooks: hooks, step: step, code: abs(code), words: Programs.lastWords())
        }
        hilo_libbpf_listen()
        if let misfit = hooks.misfit() { throw misfit }
        let possible = libbpf_num_possible_cpus()
        guard possible > 0 else { throw refusal("count processors", possible) }
        processors = Int(possible)
        let opened = bytes.withUnsafeBytes { bpf_object__open_mem($0.baseAddress, $0.count, nil) }
        guard let object = opened else { throw refusal("open", hilo_libbpf_error()) }
        var isKept = false
        defer { if !isKept { bpf_object__close(object) } }

        let chosen = hooks.programs()
        Programs.forEach(of: object) { program in
            let name = String(cString: bpf_program__name(program))
            _ = bpf_program__set_autoload(program, !HookSet.choices.contains(name) || chosen.contains(name))
        }
        guard let records = bpf_object__find_map_by_name(object, "records"),
            let options = bpf_object__find_map_by_name(object, ".rodata.options")
        else { throw refusal("find maps", Errno.invalid) }
        Programs.scaleTables(of: object, by: arguments.tableScale)
        bpf_map__set_max_entries(records, arguments.ringBytes)
        var values = hilo_load_options(
            ring_bytes: UInt64(arguments.ringBytes), trusted_sockets: hooks.hasTrustedSockets ? 1 : 0,
            propagation: arguments.carriers, loader: 0, renewing: 0, network: 0)
        let set = bpf_map__set_initial_value(options, &values, MemoryLayout<hilo_load_options>.size)
        guard set == 0 else { throw refusal("set options", set) }

        let loaded = bpf_object__load(object)
        guard loaded == 0 else { throw refusal("load", loaded) }
        var attached: [(program: String, descriptor: Int32)] = []
        var failure: Refusal?
        Programs.forEach(of: object) { program in
            guard failure == nil, bpf_program__autoload(program) else { return }
            let name = String(cString: bpf_program__name(program))
            if let link = bpf_program__attach(program) {
                attached.append((name, bpf_link__fd(link)))
            } else {
                failure = refusal("attach \(name)", hilo_libbpf_error())
            }
        }
        if let failure { throw failure }

        for name in SharedMaps.ofProgramsAlone {
            let frozen = bpf_map_freeze(bpf_object__find_map_fd_by_name(object, name))
            if frozen != 0 { throw refusal("freeze \(name)", frozen) }
        }
        ring = bpf_map__fd(records)
        settings = bpf_object__find_map_fd_by_name(object, "settings")
        selected = bpf_object__find_map_fd_by_name(object, "selected_processes")
        counters = bpf_object__find_map_fd_by_name(object, "counters")
        links = attached
        func named(_ names: [String]) -> [(String, Int32)] {
            names.map { ($0, bpf_object__find_map_fd_by_name(object, $0)) }
        }
        let trusted = hooks.hasTrustedSockets
        shared =
            arguments.followsTLS
            ? named(SharedMaps.namesForTLS(trustedSockets: trusted))
            : arguments.carriers == 0 ? [] : named(SharedMaps.names(trustedSockets: trusted))
        facts =
            [Fact("hooks", hooks.rawValue), Fact("programs", attached.map(\.program).joined(separator: ","))]
            + refused.map { Fact("refused.\($0.hooks.rawValue)", $0.text) }
        isKept = true
    }
}
