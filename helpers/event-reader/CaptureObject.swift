internal import BPFABI
internal import CLibBPF
internal import HelperKit
internal import LinuxSys
internal import Wire

/// The compiled capture programs, from file to kernel.
enum CaptureObject {
    static func read() throws(HelperFault) -> [UInt8] {
        try ObjectFile.read("capture.bpf.o", of: "The capture programs")
    }

    /// What keeps a connection's state with its socket, for programs that trace.
    private static let neededFunction = "bpf_sk_storage_get_tracing"

    /// Loads and attaches the set of hooks that was asked for; with `auto` the first that this kernel takes.
    static func load(_ object: [UInt8], _ arguments: Arguments) throws(HelperFault) -> Capture {
        // Memory for maps is accounted to the memory cgroup since 5.11; raising RLIMIT_MEMLOCK would need a privilege.
        libbpf_set_memlock_rlim(0)
        var refusals: [Refusal] = []
        for set in HookSet.allCases where arguments.hooks == .auto || arguments.hooks.rawValue == set.rawValue {
            do throws(Refusal) {
                return try Capture(object, hooks: set, arguments, refused: refusals)
            } catch {
                if error.isOfTheObject {
                    throw HelperFault(
                        .fault, "The capture programs in lib/hilo/bpf/capture.bpf.o are damaged (\(error.text)); "
                            + "'make stage' puts whole ones there")
                }
                refusals.append(error)
            }
        }
        if Lockdown.mode() == "confidentiality" {
            throw HelperFault(
                .unavailable,
                "This kernel is locked down (confidentiality): no program may read the memory of processes or of the "
                    + "kernel, so that nothing can be traced. Remedy: boot with lockdown=integrity, or without")
        }
        // Found by what it lacks, since distributions give older kernels what newer ones have.
        if hilo_kernel_function_arguments(neededFunction) == -Errno.noEntry {
            throw HelperFault(
                .unavailable,
                "This kernel is too old: it lacks \(neededFunction), which every set of capture hooks needs. Linux has "
                    + "it since 5.11, and hilo is tried on 6.1 and later")
        }
        let reasons = refusals.map { "\($0.hooks.rawValue): \($0.text)" }.joined(separator: "; ")
        let code: ExitCode = refusals.contains { $0.code == Errno.notPermitted } ? .privilege : .unavailable
        let what = arguments.hooks == .auto ? "takes no set of" : "does not take these"
        throw HelperFault(code, "This kernel \(what) capture hooks. \(reasons)")
    }
}

/// One set of hooks that capture can hang on. Tried in this order.
enum HookSet: String, CaseIterable {
    case socket
    case fentry
    case syscall

    /// Whether the programs are handed a socket that the verifier trusts, instead of finding it by a descriptor.
    var hasTrustedSockets: Bool { self != .syscall }

    /// What this kernel lacks of what the programs hang on; nil where it lacks nothing.
    func misfit() -> Refusal? {
        if self == .socket, !hilo_kernel_has_tracepoint("tcp_sendmsg_locked") {
            return Refusal(hooks: self, step: "find tracepoint tcp_sendmsg_locked", code: Errno.noEntry, words: "")
        }
        guard self == .fentry, !HookSet.reportsReceives else { return nil }
        // Socket, message, size, flags, and on all but the newest kernels where the address goes. With one more, which
        // kernels before 5.19 have, flags come later.
        let expected: ClosedRange<Int32> = 4...5
        let found = hilo_kernel_function_arguments("tcp_recvmsg")
        return expected.contains(found)
            ? nil
            : Refusal(
                hooks: self, step: "find tcp_recvmsg", code: found < 0 ? -found : Errno.invalid,
                words: found < 0 ? "" : "it has \(found) arguments, which is one too many")
    }

    /// The tracepoint `sock_recv_length`, since 6.3. Where it is, it is taken also beside hooked functions: it sees a
    /// receive that began before it was hooked.
    private static var reportsReceives: Bool { hilo_kernel_has_tracepoint("sock_recv_length") }

    /// What belongs to this set, on this kernel.
    func programs() -> Set<String> {
        switch self {
        case .socket: ["socket_received", "socket_sending", "socket_sent"]
        case .syscall: ["syscall_entered", "syscall_left"]
        case .fentry:
            Set(HookSet.reportsReceives ? ["socket_received", "socket_sent"] : ["function_received", "function_sent"])
                .union(["function_sending"])
                // Gone since 6.5, whose sendfile comes to tcp_sendmsg_locked.
                .union(hilo_kernel_function_arguments("tcp_sendpage") >= 0 ? ["function_sent_page"] : [])
        }
    }

    /// What belongs to some set. Other programs (connections, processes) belong to all.
    static let choices: Set<String> = [
        "socket_received", "socket_sending", "socket_sent", "function_received", "function_sending", "function_sent",
        "function_sent_page", "syscall_entered", "syscall_left",
    ]
}

/// Why the kernel did not take a set of hooks.
struct Refusal: Error {
    let hooks: HookSet
    let step: String
    let code: Int32
    /// The last lines that libbpf and the verifier had to say.
    let words: String

    /// It came of what is in the file, before the kernel was asked.
    var isOfTheObject: Bool { step == "open" || step == "find maps" }

    var text: String {
        "\(step): \(SysError.text(of: code)) (\(SysError.name(of: code)))\(words.isEmpty ? "" : ", \(words)")"
    }
}
