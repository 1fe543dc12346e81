import HelperKit
import LinuxSys
import Wire

/// Reads /proc for the coordinator: which processes there are, and what one of them is.
struct ProcessInspector: ~Copyable, HelperService {
    static let manifest = HelperManifest.processInspector
    static let requests = Policy.requests

    private let proc: HeldDirectory
    private let reachesEveryUser: Bool
    private var tables = ListeningTables()

    init(arguments: [String]) throws(HelperFault) {
        guard arguments.isEmpty else { throw HelperFault(.usage, "No argument is known to this helper") }
        // Before anything is stored: a value that cannot be copied is initialized on every path, or on none.
        try Self.requireNumbersOfTheHost()
        do throws(SysError) {
            let held = try HeldDirectory("/proc")
            reachesEveryUser = try Capabilities.ofThisThread().permitted.contains(.dacReadSearch)
            proc = held
        } catch {
            throw HelperFault(.unavailable, "/proc cannot be opened: \(error)")
        }
    }

    /// A process has one number for each namespace that it is in, and records carry the kernel's.
    private static func requireNumbersOfTheHost() throws(HelperFault) {
        let isTheHosts: Bool
        do throws(SysError) {
            isTheHosts = try ProcessNamespace.isTheHosts()
        } catch {
            throw HelperFault(.unavailable, "/proc cannot be read: \(error)")
        }
        guard isTheHosts else {
            throw HelperFault(
                .unavailable,
                "Processes have other numbers in this process namespace than in the kernel: run hilo in the host's "
                    + "(hostPID: true in Kubernetes, --pid=host with Docker and Podman)")
        }
    }

    func probed() -> [Fact] {
        let whose = reachesEveryUser ? "of every user" : "of its own user: CAP_DAC_READ_SEARCH is not permitted"
        return [Fact("environments and ports", whose)]
    }

    mutating func answer(
        _ request: Frame, for coordinator: borrowing Coordinator
    ) throws(HelperFault) -> Coordinator.Answer {
        switch request.kind {
        case .scan:
            try coordinator.answer(request) { (question: ScanRequest) in Operations.scan(proc, question) }
        case .describe:
            try coordinator.answer(request) { (question: DescribeRequest) in
                Operations.describe(proc, &tables, question)
            }
        case .library: try answerLibrary(request, for: coordinator)
        default:
            throw HelperFault(.fault, "A request of the policy has no operation: \(request.kind)")
        }
    }

    private func answerLibrary(
        _ frame: Frame, for coordinator: borrowing Coordinator
    ) throws(HelperFault) -> Coordinator.Answer {
        let request: LibraryRequest
        do throws(WireError) {
            request = try frame.decode()
        } catch {
            throw HelperFault(error)
        }
        let opened: OpenedLibrary
        do throws(Declined) {
            opened = try Operations.library(proc, request)
        } catch {
            return try coordinator.decline(frame, error)
        }
        let reply = LibraryReply(path: opened.path, left: opened.left)
        return try coordinator.reply(to: frame, with: reply, descriptors: [opened.file.rawValue])
    }
}
