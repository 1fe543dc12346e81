public import LinuxSys

/// Why a helper could not be started.
public enum StartFailure: Error, Hashable, Sendable {
    /// The kernel refused the program.
    case helper(SpawnError)
    /// There is no starter to ask, or it does not answer.
    case starter(String)
}
