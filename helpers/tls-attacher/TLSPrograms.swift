internal import BPFABI
internal import CLibBPF
internal import HelperKit
internal import LibBPF
internal import LinuxSys
internal import Wire

/// The programs that follow TLS, loaded: for a function's begin and for its return.
struct TLSPrograms {
    let begin: Int32
    let end: Int32

    /// `enum bpf_attach_type` of linux/bpf.h, since 6.6.
    private static let uprobeMulti = bpf_attach_type(48)

    init(_ bytes: [UInt8], carriers: UInt32, _ loans: borrowing Loans) throws(HelperFault) {
        libbpf_set_memlock_rlim(0)
        hilo_libbpf_listen()
        try TLSPrograms.requireSoundKernel(.ofThisHost())
        let opened = bytes.withUnsafeBytes { bpf_object__open_mem($0.baseAddress, $0.count, nil) }
        guard let object = opened, let options = bpf_object__find_map_by_name(object, ".rodata.options"),
            let begin = bpf_object__find_program_by_name(object, "call_begins"),
            let end = bpf_object__find_program_by_name(object, "call_ends"),
            let records = bpf_object__find_map_by_name(object, "records")
        else {
            throw HelperFault(
                .fault, "The TLS programs in lib/hilo/bpf/tls.bpf.o are damaged; 'make stage' puts whole ones there")
        }
        defer { bpf_object__close(object) }
        for name in loans.names {
            guard let map = bpf_object__find_map_by_name(object, name), let descriptor = loans.map(name) else {
                throw HelperFault(.fault, "The TLS programs have no map \(name)")
            }
            guard MapShape(of: map).isThat(of: descriptor) else {
                throw HelperFault(.fault, "What is lent as map \(name) is another one")
            }
            let taken = bpf_map__reuse_fd(map, descriptor)
            guard taken == 0 else { throw TLSPrograms.refusal("use map \(name)", taken) }
        }
        var values = hilo_load_options(
            ring_bytes: UInt64(bpf_map__max_entries(records)),
            trusted_sockets: SharedMaps.areOfTrustedSockets(loans.names) ? 1 : 0, propagation: carriers, loader: 0,
            renewing: 0)
        let set = bpf_map__set_initial_value(options, &values, MemoryLayout<hilo_load_options>.size)
        guard set == 0 else { throw TLSPrograms.refusal("set options", set) }
        for program in [begin, end] { bpf_program__set_expected_attach_type(program, TLSPrograms.uprobeMulti) }
        let loaded = bpf_object__load(object)
        guard loaded == 0 else { throw TLSPrograms.refusal("load", loaded) }
        guard UprobeLink.isPossible(program: bpf_program__fd(begin)) else {
            throw HelperFault(.unavailable, "This kernel has no uprobe_multi, which Linux has since 6.6")
        }
        self.begin = hilo_libbpf_keep(bpf_program__fd(begin))
        self.end = hilo_libbpf_keep(bpf_program__fd(end))
        guard self.begin >= 0, self.end >= 0 else { throw TLSPrograms.refusal("keep", hilo_libbpf_error()) }
    }

    private static func requireSoundKernel(_ release: KernelRelease) throws(HelperFault) {
        if release.endsFilteredProcessesAtReturns {
            throw HelperFault(
                .unavailable,
                "This kernel would end processes that run under seccomp; 6.12.14, 6.13.3 and 6.14 do not")
        }
        if release.keepsFreedProbes {
            throw HelperFault(
                .unavailable,
                "Kernels of this number use memory that they have freed where attaching to functions fails "
                    + "(CVE-2024-47675); 6.6.54, 6.10.13 and 6.12.14 do not")
        }
    }

    private static func refusal(_ step: String, _ answer: Int32) -> HelperFault {
        let code = abs(answer)
        let words = Programs.lastWords()
        let text = "\(SysError.text(of: code)) (\(SysError.name(of: code)))\(words.isEmpty ? "" : ", \(words)")"
        return HelperFault(
            code == Errno.notPermitted ? .privilege : .unavailable,
            "This kernel does not take the programs that follow TLS. \(step): \(text)")
    }
}
