/// What an open descriptor is, as the links in /proc/PID/fd name it.
public enum DescriptorKind: String, CaseIterable, Sendable {
    /// Descriptors 0, 1 and 2, whatever they are: they are inherited.
    case standardStream = "standard stream"
    case nothing = "/dev/null"
    /// A Unix socket: the link says only `socket:[inode]`, /proc/net/unix says the rest.
    case channel = "unix socket"
    case internetSocket = "internet socket"
    case netlinkSocket = "netlink socket"
    /// A socket of a family that could not be told.
    case socket
    case pipe
    case file
    case directory
    case bpfMap = "bpf-map"
    case bpfProgram = "bpf-prog"
    case bpfLink = "bpf-link"
    case btf
    case epoll
    case eventDescriptor = "eventfd"
    case timer = "timerfd"
    case signals = "signalfd"
    case processDescriptor = "pidfd"
    case inotify
    case perfEvent = "perf-event"
    case other

    /// Tells the kind from the number of a descriptor and the target of its link.
    ///
    /// - Parameters:
    ///   - isDirectory: for a path, whether the descriptor is a directory.
    ///   - family: for a socket, by its inode: `.channel`, `.internetSocket`, `.netlinkSocket`, or nil when
    ///     it is not known.
    public init(number: Int32, link: String, isDirectory: Bool, family: (UInt64) -> DescriptorKind?) {
        if (0...2).contains(number) {
            self = .standardStream
        } else if link == "/dev/null" {
            self = .nothing
        } else if link.hasPrefix("socket:[") {
            self = UInt64(link.dropFirst("socket:[".count).dropLast()).flatMap(family) ?? .socket
        } else if link.hasPrefix("pipe:[") {
            self = .pipe
        } else if link.hasPrefix("anon_inode:") {
            self = DescriptorKind.anonymous(link.dropFirst("anon_inode:".count))
        } else if link.hasPrefix("pidfd:[") {
            // Since Linux 6.9 a pidfd has an inode of its own (pidfs).
            self = .processDescriptor
        } else if link.hasPrefix("/") {
            self = isDirectory ? .directory : .file
        } else {
            self = .other
        }
    }

    /// Some anonymous inodes are named in brackets, some are not.
    private static func anonymous(_ name: Substring) -> DescriptorKind {
        switch name.drop(while: { $0 == "[" }).prefix(while: { $0 != "]" }) {
        case "bpf-map": .bpfMap
        case "bpf-prog": .bpfProgram
        case "bpf_link", "bpf-link": .bpfLink
        case "btf": .btf
        case "eventpoll": .epoll
        case "eventfd": .eventDescriptor
        case "timerfd": .timer
        case "signalfd": .signals
        case "pidfd": .processDescriptor
        case "inotify": .inotify
        case "perf_event": .perfEvent
        default: .other
        }
    }
}
