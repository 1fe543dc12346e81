public import LinuxSys

/// Why a helper could not be started.
public enum StartFailure: Error, Hashable, Sendable {
    /// The kernel refused the program.
    case helper(SpawnError)
    /// There is no starter to ask, or it does not answer.
    case starter(String)
}

extension StartFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .helper(let error): "\(error)"
        case .starter(let why): why
        }
    }
}
