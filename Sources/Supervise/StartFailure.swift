public import LinuxSys

/// Why a helper could not be started.
public enum StartFailure: Error, Hashable, Sendable {
    /// The kernel refused the program.
    case helper(SpawnError)
    /// There is no starter to ask, or what it answers is of no use.
    case starter(String)
    /// The starter did not answer for this many seconds.
    case starterLate(seconds: UInt64)
    /// What it works on is another helper's, which is not there.
    case nothingToLend(String)
    /// There is no control group that its programs could be attached to.
    case noControlGroup(SysError, isChosen: Bool)
}

extension StartFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .helper(let error): "\(error)"
        case .starter(let why): why
        case .nothingToLend(let why): why
        case .noControlGroup(let error, _): "\(error)"
        case .starterLate(let seconds): "the process that starts helpers did not answer for \(seconds) s"
        }
    }
}
