internal import LinuxSys
public import Wire

/// Why a helper is not there, in one line: the cause, and what to do about it where somebody can.
public struct Explanation: Hashable, Sendable {
    /// The helper's name, as in `hilo-event-reader`.
    public let helper: String
    /// A sentence without its end.
    public let cause: String
    public let remedy: String?
    public let exitCode: ExitCode

    public init(_ trouble: HelperTrouble, of manifest: HelperManifest, at path: String) {
        helper = manifest.name
        exitCode = trouble.exitCode
        (cause, remedy) = Explanation.text(trouble, manifest, path)
    }

    init(helper: String, cause: String, remedy: String?, exitCode: ExitCode) {
        (self.helper, self.cause, self.remedy, self.exitCode) = (helper, cause, remedy, exitCode)
    }

    public var line: String {
        remedy.map { "\(helper): \(cause). Remedy: \($0)" } ?? "\(helper): \(cause)"
    }

    private static let report = "report it, with the log and the output of hilo doctor"
    private static let overloaded = "the host may be overloaded: start hilo again when it is less busy"
    private static let reinstall = "install hilo and its helpers from one build"

    private static func text(
        _ trouble: HelperTrouble, _ manifest: HelperManifest, _ path: String
    ) -> (String, String?) {
        switch trouble {
        case .notStarted(.starter(let why)):
            (
                "it cannot be started, because the process that starts helpers is of no use (\(why))",
                "start hilo again, and look for who ended hilo-starter"
            )
        case .notStarted(.starterLate(let seconds)):
            (
                "it cannot be started, because the process that starts helpers did not answer for \(seconds) s",
                "\(overloaded), and look for who stopped hilo-starter"
            )
        case .notStarted(.helper(let error)):
            notStarted(error, manifest, path)
        case .notStarted(.nothingToLend(let why)): ("it cannot be started yet: \(why)", nil)
        case .notStarted(.noControlGroup(let error, let isChosen)):
            (
                "it has no control group to attach its programs to: \(error)",
                isChosen
                    ? "write the directory of a control group of the unified hierarchy (cgroup v2) to "
                        + "OTEL_EBPF_BPF_CGROUP or ebpf.cgroup, or nothing for its root"
                    : "mount the unified hierarchy (mount -t cgroup2 none DIRECTORY, by custom /sys/fs/cgroup, or "
                        + "/sys/fs/cgroup/unified beside version 1), or in a container the host's"
            )
        case .outdated: ("it works on what another helper had loaded, which is loaded anew", nil)
        case .silent(let seconds):
            ("it was started and said nothing for \(seconds) s", "\(overloaded); else \(report)")
        case .stuck(let seconds):
            (
                "it did not answer for \(seconds) s, and was ended",
                "look for who stopped it, or what keeps the host busy; else \(report)"
            )
        case .impostor(let other):
            ("another program is in its place: it greets as \(other)", reinstall)
        case .otherProtocol(let version):
            ("it speaks version \(version) of the protocol, hilo version \(WireFormat.version)", reinstall)
        case .otherABI(let version):
            ("its records are of version \(version), which this hilo does not read", reinstall)
        case .misbehaved(let how):
            ("it was ended because it broke the protocol: \(how)", report)
        case .ended(let end, let words):
            ended(end, words, manifest, path)
        }
    }

    private static func notStarted(
        _ error: SpawnError, _ manifest: HelperManifest, _ path: String
    ) -> (String, String?) {
        switch error.code {
        case Errno.noEntry:
            ("\(path) is not there", "run hilo from the tree that make stage builds, or install it whole")
        case Errno.accessDenied:
            (
                "\(path) may not be executed",
                "start hilo as a member of the group that the file belongs to, who may enter the directories above; a "
                    + "noexec mount does not do"
            )
        case Errno.notPermitted:
            (
                "the kernel refuses to execute \(path): its capabilities are in effect from the start (=ep), and the "
                    + "bounding set lacks one of them",
                "as root, setcap \(manifest.fileCapabilities) \(path)"
            )
        default:
            ("it could not be started: \(error)", nil)
        }
    }

    /// The helper's own last line says more than its exit code.
    private static func ended(
        _ end: ChildEnd, _ words: LogMessage?, _ manifest: HelperManifest, _ path: String
    ) -> (String, String?) {
        switch end {
        case .exited(let status):
            if let words { return split(words) }
            switch ExitCode(rawValue: status) {
            case .privilege:
                return (
                    "it left because a privilege is missing, or is too much (exit code 77)",
                    "as root, setcap \(manifest.fileCapabilities) \(path)"
                )
            case .unavailable: return ("it left because the kernel lacks what it needs (exit code 69)", nil)
            case .version: return ("it left because it is of another version (exit code 76)", reinstall)
            case .success: return ("it left although nobody asked it to (exit code 0)", nil)
            case .usage, .fault, .configuration, nil: return ("it left with exit code \(status)", report)
            }
        case .killed(let signal) where signal == SignalName.systemCall:
            return (
                "it made a system call that its filter does not allow, and seccomp ended it (SIGSYS)",
                "report it, with uname -a and the version of the C library"
            )
        case .killed(let signal) where signal == SignalName.kill:
            return (
                "it was killed (SIGKILL)", "look for who did it; dmesg says whether the kernel was out of memory"
            )
        case .killed(let signal) where SignalName.crashes.contains(signal):
            return ("it crashed (\(SignalName.of(signal)))\(words.map { ": \($0.message)" } ?? "")", report)
        case .killed(let signal):
            return ("it was ended by \(SignalName.of(signal))", nil)
        }
    }

    /// Helpers put cause and remedy into facts, besides the sentence that has both.
    private static func split(_ words: LogMessage) -> (String, String?) {
        let mark = ". Remedy: "
        guard let range = words.message.firstRange(of: mark) else { return (words.message, nil) }
        return (String(words.message[..<range.lowerBound]), String(words.message[range.upperBound...]))
    }
}
