public import LinuxSys
public import Wire

/// Why a helper is not there any more, or never came to be.
public enum HelperTrouble: Hashable, Sendable {
    case notStarted(StartFailure)
    /// It said nothing for this many seconds after its start.
    case silent(seconds: UInt64)
    /// It served, and then left a question unanswered for this many seconds: said nothing else meanwhile, or talked of
    /// other things for much longer.
    case stuck(seconds: UInt64)
    /// Another helper greets than the one that was started.
    case impostor(HelperIdentity)
    /// Its messages are of another version of the protocol.
    case otherProtocol(UInt16)
    /// Its records are of another version of the ABI.
    case otherABI(UInt32)
    /// It was asked to leave, because what it was lent is out of date.
    case outdated
    /// It broke the protocol, and was ended for that.
    case misbehaved(String)
    /// It ended by itself or by somebody's signal; its last message if there was one.
    case ended(ChildEnd, lastWords: LogMessage?)
}

extension HelperTrouble {
    /// Whether another attempt cannot go otherwise, as far as anybody can tell.
    ///
    /// - Parameter hasServed: whether the helper has greeted before in this run. Until then what it says when it leaves
    ///   is about the installation, which does not change by itself.
    func isFinal(hasServed: Bool) -> Bool {
        switch self {
        case .impostor, .otherProtocol, .otherABI: true
        case .notStarted(.helper(let error)): !SpawnError.passing.contains(error.code)
        case .notStarted(.starter), .notStarted(.starterLate), .notStarted(.noControlGroup): true
        case .notStarted(.nothingToLend), .silent, .stuck, .misbehaved, .outdated: false
        case .ended(.exited(let status), _):
            switch ExitCode(rawValue: status) {
            case .privilege, .unavailable, .version, .usage, .fault, .configuration: !hasServed
            case .success, nil: false
            }
        case .ended(.killed, _): false
        }
    }

    /// With which exit code hilo leaves when it gives up for this reason.
    public var exitCode: ExitCode {
        switch self {
        case .impostor, .otherProtocol, .otherABI: .version
        case .notStarted(.helper(let error)):
            [Errno.notPermitted, Errno.accessDenied].contains(error.code) ? .privilege : .fault
        case .notStarted(.noControlGroup(_, let isChosen)): isChosen ? .configuration : .unavailable
        case .notStarted(.starter), .notStarted(.starterLate), .notStarted(.nothingToLend), .silent, .stuck,
            .misbehaved, .outdated:
            .fault
        case .ended(.exited(let status), _):
            switch ExitCode(rawValue: status) {
            case .privilege: .privilege
            case .unavailable: .unavailable
            case .version: .version
            case .usage, .fault, .configuration, .success, nil: .fault
            }
        case .ended(.killed, _): .fault
        }
    }
}

extension SpawnError {
    /// What may be otherwise a moment later: no memory, too many processes, a program that is being written.
    fileprivate static let passing: Set<Int32> = [Errno.noMemory, Errno.wouldBlock, Errno.textBusy]
}
