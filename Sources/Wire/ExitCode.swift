/// How a process of hilo ends, and what that says (sysexits.h where it has a word for it).
public enum ExitCode: Int32, CaseIterable, Sendable {
    case success = 0
    case usage = 64
    /// The kernel lacks what was asked for.
    case unavailable = 69
    /// A fault of hilo's own, or a message that breaks the protocol.
    case fault = 70
    /// Helper and coordinator are not of one version.
    case version = 76
    /// A privilege is missing, or there is one too many.
    case privilege = 77
    case configuration = 78
}
