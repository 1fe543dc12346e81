public import LinuxSys

/// What one process of hilo may hold, and when: the one place where it is written down.
///
/// A helper checks itself against its own manifest before it does anything; `hilo audit` compares the living process
/// with the same values; the installation sets `fileCapabilities`.
public struct HelperManifest: Sendable {
    /// The program's file name, which is also how it signs its messages.
    public let name: String
    /// Who greets with it; nil for the coordinator, which greets nobody.
    public let identity: HelperIdentity?
    /// What has to be permitted when it starts. Less is refused.
    public let loading: CapabilitySet
    /// What may be permitted besides. More is refused.
    public let optional: CapabilitySet
    /// What stays permitted and effective while it serves, as far as it was there at the start. Inheritable, bounding
    /// and ambient are empty; but for the starter's bounding set, which holds what the helpers load with.
    public let steady: CapabilitySet
    public let noNewPrivileges: Bool
    /// Field `Seccomp` of /proc/PID/status: 2 with a filter, 0 without.
    public let seccomp: UInt8
    public let dumpable: Bool
    /// Whether Landlock denies it the file system.
    public let landlock: Bool
    /// What may be open in steady state.
    public let descriptors: Set<DescriptorKind>

    /// What an installation puts on the file, permitted only, in the words of setcap(8).
    public var fileCapabilities: String {
        let all = loading.union(optional)
        return all.isEmpty ? "" : all.names.map { $0.lowercased() }.joined(separator: ",") + "=p"
    }

    /// Everything that hilo runs as a process of its own.
    public static let all: [HelperManifest] = [
        .coordinator, .starter, .processInspector, .eventReader, .tcAttacher, .tlsAttacher,
    ]

    /// Whether every run has it.
    public var isOfEveryRun: Bool { identity != .tcAttacher && identity != .tlsAttacher }

    /// Those that the coordinator starts.
    public static let helpers: [HelperManifest] = [.processInspector, .eventReader, .tcAttacher, .tlsAttacher]

    /// It gives up everything before it reads a byte, and with no_new_privs and an empty bounding set also every way to
    /// gain something. It has no filter: the libraries of Swift and of TLS make no promise about their system calls.
    public static let coordinator = HelperManifest(
        name: "hilo", identity: nil, loading: [], optional: [], steady: [],
        noNewPrivileges: true, seccomp: 0, dumpable: false, landlock: false,
        descriptors: [
            .standardStream, .nothing, .channel, .internetSocket, .file, .pipe, .eventDescriptor, .epoll, .timer,
            .processDescriptor, .directory,
            // Capture, entrusted by the event-reader: it goes on while that one is started again.
            .bpfMap, .bpfLink,
        ])

    /// Starts the others for the coordinator. What it starts has to be able to gain the capabilities of its file, which
    /// no_new_privs, a filter (it needs no_new_privs) or an empty bounding set would prevent: so it has none of them,
    /// and of everything else nothing.
    public static let starter = HelperManifest(
        name: "hilo-starter", identity: nil, loading: [], optional: [], steady: [],
        noNewPrivileges: false, seccomp: 0, dumpable: false, landlock: false,
        // A process descriptor of each helper, by which it knows whether that one still lives.
        descriptors: [.standardStream, .nothing, .channel, .processDescriptor])

    public static let processInspector = HelperManifest(
        name: "hilo-process-inspector", identity: .processInspector,
        // SYS_PTRACE: the exe link and the descriptors of processes of other users.
        loading: [.sysPtrace],
        // DAC_READ_SEARCH: opening their environ and fd, which are for their owner alone.
        // SETPCAP: to empty its own bounding set, which is all it is used for.
        optional: [.dacReadSearch, .setpcap],
        steady: [.sysPtrace, .dacReadSearch],
        noNewPrivileges: true, seccomp: 2, dumpable: false,
        // Landlock denies looking into processes outside of one's own domain, which is this helper's whole job.
        landlock: false,
        descriptors: [.standardStream, .nothing, .channel, .directory])

    public static let eventReader = HelperManifest(
        name: "hilo-event-reader", identity: .eventReader,
        // BPF: maps and program loads. PERFMON: programs that read kernel memory.
        loading: [.bpf, .perfmon],
        // SETPCAP: to empty its own bounding set, which is all it is used for.
        optional: [.setpcap],
        steady: [],
        noNewPrivileges: true, seccomp: 2, dumpable: false, landlock: true,
        descriptors: [
            .standardStream, .nothing, .channel, .epoll, .bpfMap, .bpfProgram, .bpfLink, .btf,
        ])

    /// Started only where TLS is to be followed.
    public static let tlsAttacher = HelperManifest(
        name: "hilo-tls-attacher", identity: .tlsAttacher,
        // BPF: its programs, over capture's maps. PERFMON: they read the memory of traced processes.
        loading: [.bpf, .perfmon],
        // SETPCAP: to empty its own bounding set, which is all it is used for.
        optional: [.setpcap],
        steady: [],
        noNewPrivileges: true, seccomp: 2, dumpable: false, landlock: true,
        // A file and its links only while it answers.
        descriptors: [.standardStream, .nothing, .channel, .bpfProgram, .bpfLink, .file])

    /// Started only where contexts are to be passed on.
    public static let tcAttacher = HelperManifest(
        name: "hilo-tc-attacher", identity: .tcAttacher,
        // BPF and NET_ADMIN: programs of sockets and control groups, the map that they put sockets into. PERFMON: these
        // programs work on capture's state of a connection, at places in it that are known only as they run.
        loading: [.bpf, .netAdmin, .perfmon],
        // SETPCAP: to empty its own bounding set, which is all it is used for.
        optional: [.setpcap],
        steady: [],
        noNewPrivileges: true, seccomp: 2, dumpable: false, landlock: true,
        descriptors: [.standardStream, .nothing, .channel, .netlinkSocket, .epoll, .bpfMap, .bpfProgram, .bpfLink])
}
