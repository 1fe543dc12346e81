internal import BPFABI
internal import CLibBPF
internal import HelperKit
internal import LibBPF
internal import LinuxSys
internal import Wire

/// The programs that follow TLS, over the maps that capture's programs work on. They are loaded here, and handed to the
/// coordinator: to attach them takes no privilege.
struct TLSPrograms {
    /// Descriptors, at a function's begin and at its return; nil where this kernel does not take them.
    let programs: (begin: Int32, end: Int32)?
    let fact: Fact

    /// `enum bpf_attach_type` of linux/bpf.h, since 6.6.
    private static let uprobeMulti = bpf_attach_type(48)

    static func read() throws(HelperFault) -> [UInt8] {
        try ObjectFile.read("tls.bpf.o", of: "The TLS programs")
    }

    /// Capture goes on without them where they cannot be loaded.
    init(_ bytes: [UInt8], over capture: Capture, hooks: HookSet, _ arguments: Arguments) {
        do throws(Refusal) {
            programs = try TLSPrograms.load(bytes, capture, hooks, arguments)
            fact = Fact(Fact.tls, Fact.tlsFollowed)
        } catch {
            programs = nil
            fact = Fact(Fact.tls, error.text)
        }
    }

    private static func load(
        _ bytes: [UInt8], _ capture: Capture, _ hooks: HookSet, _ arguments: Arguments
    ) throws(Refusal) -> (begin: Int32, end: Int32) {
        func refusal(_ step: String, _ code: Int32) -> Refusal {
            Refusal(hooks: hooks, step: step, code: abs(code), words: Programs.lastWords())
        }
        hilo_libbpf_listen()
        if KernelRelease.ofThisHost().endsFilteredProcessesAtReturns {
            throw Refusal(
                hooks: hooks, step: "attach", code: Errno.notSupported,
                words: "this kernel would end processes that run under seccomp; 6.12.14, 6.13.3 and 6.14 do not")
        }
        let opened = bytes.withUnsafeBytes { bpf_object__open_mem($0.baseAddress, $0.count, nil) }
        guard let object = opened else { throw refusal("open", hilo_libbpf_error()) }
        defer { bpf_object__close(object) }
        guard let options = bpf_object__find_map_by_name(object, ".rodata.options"),
            let begin = bpf_object__find_program_by_name(object, "call_begins"),
            let end = bpf_object__find_program_by_name(object, "call_ends")
        else { throw refusal("find programs", Errno.invalid) }
        for map in capture.sharedWithTLS {
            guard let own = bpf_object__find_map_by_name(object, map.name) else {
                throw refusal("find map \(map.name)", Errno.invalid)
            }
            let taken = bpf_map__reuse_fd(own, map.descriptor)
            guard taken == 0 else { throw refusal("use map \(map.name)", taken) }
        }
        var values = hilo_load_options(
            ring_bytes: UInt64(arguments.ringBytes), trusted_sockets: hooks.hasTrustedSockets ? 1 : 0,
            propagation: arguments.carriers, loader: 0, renewing: 0)
        let set = bpf_map__set_initial_value(options, &values, MemoryLayout<hilo_load_options>.size)
        guard set == 0 else { throw refusal("set options", set) }
        for program in [begin, end] { bpf_program__set_expected_attach_type(program, uprobeMulti) }
        let loaded = bpf_object__load(object)
        guard loaded == 0 else { throw refusal("load", loaded) }
        guard UprobeLink.isPossible(program: bpf_program__fd(begin)) else {
            throw refusal("find uprobe_multi, which Linux has since 6.6", Errno.notSupported)
        }
        return (hilo_libbpf_keep(bpf_program__fd(begin)), hilo_libbpf_keep(bpf_program__fd(end)))
    }
}
