/// What the kernel side does: `ebpf`.
public struct EBPFSettings: Sendable, Equatable {
    /// Where capture hangs: hilo's own `ebpf.hooks`, `OTEL_EBPF_BPF_HOOKS`.
    public var hooks: HookChoice
    /// Size of the ring between the kernel and the event reader, in bytes: a power of two and a multiple of 4096.
    /// hilo's own `ebpf.ring_bytes`, `OTEL_EBPF_BPF_RING_BYTES`.
    public var ringBytes: UInt32
    /// Every table of the kernel side holds two to this power times as many entries as by default, -3 to 3:
    /// `ebpf.maps_config.global_scale_factor`.
    public var tableScale: Int8
    /// How a trace is carried to the next service: `ebpf.context_propagation`, `OTEL_EBPF_BPF_CONTEXT_PROPAGATION`.
    public var contextPropagation: ContextPropagation
    /// Whose connections carry a trace: the directory of a control group; nil: all of this host's. hilo's own
    /// `ebpf.cgroup`, `OTEL_EBPF_BPF_CGROUP`.
    public var controlGroup: String?
    /// What is followed of what is encrypted: hilo's own `ebpf.tls`, `OTEL_EBPF_BPF_TLS`.
    public var tls: TLSChoice
    /// `ebpf.traffic_control_backend`, `OTEL_EBPF_BPF_TC_BACKEND`.
    public var trafficControlBackend: TrafficControlBackend

    public init(
        hooks: HookChoice = .auto,
        ringBytes: UInt32 = 4 << 20,
        tableScale: Int8 = 0,
        contextPropagation: ContextPropagation = .disabled,
        controlGroup: String? = nil,
        tls: TLSChoice = .off,
        trafficControlBackend: TrafficControlBackend = .auto
    ) {
        self.hooks = hooks
        self.ringBytes = ringBytes
        self.tableScale = tableScale
        self.contextPropagation = contextPropagation
        self.controlGroup = controlGroup
        self.tls = tls
        self.trafficControlBackend = trafficControlBackend
    }
}

/// The set of kernel hooks that capture uses.
public enum HookChoice: String, Sendable, CaseIterable {
    /// The best that this kernel has, found by probing.
    case auto
    /// Socket tracepoints only.
    case socket
    /// The kernel's functions for sockets only.
    case fentry
    /// Raw syscall tracepoints only: the floor that every kernel has.
    case syscall
}

/// Whether what a traced process encrypts is followed.
public enum TLSChoice: String, Sendable, CaseIterable {
    case off
    /// Where OpenSSL encrypts it.
    case openssl
}

/// The carriers into which an outgoing request's context is written, and from which an incoming one's is read.
public struct ContextPropagation: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The `traceparent` header of a request.
    public static let headers = ContextPropagation(rawValue: 1)
    /// A TCP option, for traffic whose bytes cannot be changed.
    public static let tcp = ContextPropagation(rawValue: 2)
    /// Options of IP, which OBI once wrote: they are read, and never written.
    public static let ip = ContextPropagation(rawValue: 4)
    /// What `all` means. Not options of IP, which few still send.
    public static let all: ContextPropagation = [.headers, .tcp]
    public static let disabled: ContextPropagation = []
}

/// How packet programs are attached.
public enum TrafficControlBackend: String, Sendable, CaseIterable {
    case auto, tc, tcx
}
