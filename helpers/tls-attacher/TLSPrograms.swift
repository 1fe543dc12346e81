internal import CLibBPF
internal import HelperKit
internal import LibBPF
internal import LinuxSys

/// The programs that follow TLS, loaded: for a function's begin and for its return.
struct TLSPrograms {
    let begin: Int32
    let end: Int32

    private static let words = LentObject.Words(
        "The TLS programs", file: "tls.bpf.o", purpose: "that follow TLS")

    /// `enum bpf_attach_type` of linux/bpf.h, since 6.6.
    private static let uprobeMulti = bpf_attach_type(48)

    init(_ bytes: [UInt8], carriers: UInt32, _ loans: borrowing Loans) throws(HelperFault) {
        try TLSPrograms.requireSoundKernel(.ofThisHost())
        let object = try LentObject.open(bytes, TLSPrograms.words, loans)
        try object.set(carriers: carriers, loans)
        let begin = try object.program("call_begins"), end = try object.program("call_ends")
        for program in [begin, end] { bpf_program__set_expected_attach_type(program, TLSPrograms.uprobeMulti) }
        try object.load()
        guard UprobeLink.isPossible(program: bpf_program__fd(begin)) else {
            throw HelperFault(.unavailable, "This kernel has no uprobe_multi, which Linux has since 6.6")
        }
        self.begin = try object.keep(bpf_program__fd(begin), "call_begins")
        self.end = try object.keep(bpf_program__fd(end), "call_ends")
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
}
