public import LinuxSys

/// Why a helper could not be started.
public enum StartFailure: Error, Hashable, Sendable {
    /// The kernel refused the program.
    case helper(SpawnError)
    /// There is no starter to ask, or what it answers is of no use.
    case starter(String)
    /// The starter did not answer for this many seconds.
    case starterLate(seconds: UInt64)
}

extension StartFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .helper(let error): "\(error)"
        case .starter(let why): why
        case .starterLate(let seconds): "the process that starts helpers did not answer for \(seconds) s"
        }
    }
}
