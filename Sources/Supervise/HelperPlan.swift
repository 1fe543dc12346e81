public import Wire

/// How much of the kernel's memory capture may take.
public struct CaptureSizes: Hashable, Sendable {
    /// Of the ring; a power of two.
    public let ringBytes: UInt32
    /// Every table holds two to this power times as many entries as by default.
    public let tableScale: Int8

    public init(ringBytes: UInt32, tableScale: Int8 = 0) {
        self.ringBytes = ringBytes
        self.tableScale = tableScale
    }
}

/// Which helper is to be started, and how. Identifiers and numbers only: what becomes of them is decided by whoever
/// starts it.
public enum HelperPlan: Hashable, Sendable {
    case processInspector
    /// `followsTLS`: what a tls-attacher works on is shared.
    case eventReader(hooks: Hooks, sizes: CaptureSizes, carriers: Carriers = [], followsTLS: Bool = false)
    case tcAttacher(carriers: Carriers)
    case tlsAttacher(carriers: Carriers)

    /// What carries the context of a request to the next service; as `enum hilo_propagation`.
    public struct Carriers: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        public static let headers = Carriers(rawValue: 1)
        public static let tcp = Carriers(rawValue: 2)
        public static let ip = Carriers(rawValue: 4)
        public static let all: Carriers = [.headers, .tcp, .ip]
    }

    /// Where capture hangs; the names are the event-reader's.
    public enum Hooks: UInt8, CaseIterable, Sendable {
        case auto = 0
        case socket = 1
        case syscall = 2
        case fentry = 3
        /// Where an event-reader before it hung them.
        case inherited = 4

        var argument: String {
            switch self {
            case .auto: "auto"
            case .socket: "socket"
            case .syscall: "syscall"
            case .fentry: "fentry"
            case .inherited: "inherited"
            }
        }
    }

    public var manifest: HelperManifest {
        switch self {
        case .processInspector: .processInspector
        case .eventReader: .eventReader
        case .tcAttacher: .tcAttacher
        case .tlsAttacher: .tlsAttacher
        }
    }

    /// Whether its programs stay attached by descriptors that it entrusts.
    var entrustsLinks: Bool {
        switch self {
        case .processInspector, .tlsAttacher: false
        case .eventReader, .tcAttacher: true
        }
    }

    /// The same helper as the heir of one that loaded capture; nil for those that leave nothing behind.
    public var ofHeir: HelperPlan? {
        switch self {
        case .processInspector, .tcAttacher, .tlsAttacher: nil
        case .eventReader(_, let sizes, let carriers, let followsTLS):
            .eventReader(hooks: .inherited, sizes: sizes, carriers: carriers, followsTLS: followsTLS)
        }
    }

    /// Its argv, the program's name first.
    public var arguments: [String] {
        switch self {
        case .processInspector:
            [manifest.name]
        case .eventReader(let hooks, let sizes, let carriers, let followsTLS):
            [
                manifest.name, "--hooks", hooks.argument, "--ring-bytes", String(sizes.ringBytes),
                "--table-scale", String(sizes.tableScale), "--carriers", String(carriers.rawValue),
                "--tls", followsTLS ? "1" : "0",
            ]
        case .tcAttacher(let carriers), .tlsAttacher(let carriers):
            [manifest.name, "--carriers", String(carriers.rawValue)]
        }
    }
}
