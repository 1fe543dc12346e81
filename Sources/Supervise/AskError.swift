public import LinuxSys
public import Wire

/// Why a question to a helper has no answer.
public enum AskError: Error, Hashable, Sendable {
    /// The helper understood and did not do it.
    case declined(Declined)
    /// It is not there, or went before it answered.
    case gone
    /// It did not answer in time.
    case late
    /// The question does not fit a message.
    case unencodable(WireError)
    /// The channel does not take it.
    case unsendable(SysError)
}

extension AskError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .declined(let declined):
            declined.errno == 0
                ? "declined: \(declined.text)" : "declined: \(declined.text) (\(SysError.name(of: declined.errno)))"
        case .gone: "the helper is not there"
        case .late: "no answer in time"
        case .unencodable(let error): "the question fits no message: \(error)"
        case .unsendable(let error): "\(error)"
        }
    }
}
