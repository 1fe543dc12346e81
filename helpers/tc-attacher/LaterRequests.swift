internal import BPFABI
internal import CLibBPF
internal import LinuxSys
internal import Wire

/// How the requests behind a connection's first one carry their context on this kernel.
enum LaterRequests {
    /// Not in a header: none was asked for, or this kernel does not take any.
    case notAsked
    /// In a header. An enrolled connection can be waited on like any other.
    case inHeader
    /// In a header; but an enrolled connection does not say how much there is to be read, so that it has to be an
    /// ordinary one before something arrives.
    case inHeaderWatched
    /// Not in a header, for that reason, and nothing can be done about it.
    case byOptionOnly

    init(carriers: UInt32) {
        guard carriers & HILO_PROPAGATE_HEADERS.rawValue != 0 else {
            self = .notAsked
            return
        }
        if hilo_kernel_counts_unread() == 1 {
            self = .inHeader
        } else {
            self = hilo_kernel_function_arguments("tcx_link_attach") >= 0 ? .inHeaderWatched : .byOptionOnly
        }
    }

    var renewing: hilo_renewing {
        switch self {
        case .notAsked, .byOptionOnly: HILO_RENEWING_NEVER
        case .inHeader: HILO_RENEWING_ALWAYS
        case .inHeaderWatched: HILO_RENEWING_WATCHED
        }
    }

    var fact: Fact {
        let text =
            switch self {
            case .notAsked: "in no header"
            case .inHeader: Fact.inHeader
            case .inHeaderWatched: "\(Fact.inHeader), watching what arrives"
            case .byOptionOnly: "by the TCP option only: FIONREAD fails on sockets of a sockhash, and there is no TCX"
            }
        return Fact(Fact.laterRequests, text)
    }
}
