import LinuxSys
public import Supervise
import Wire

/// What a tc-attacher is lent: the maps that it works on, and the control group whose processes' connections are to
/// carry contexts.
public struct PropagationLoans: Sendable {
    private let maps = SharedMapLoans()
    private let controlGroup: String?

    /// How maps are called that only a tls-attacher works on.
    private static let ofTLS = "tls_"

    /// - Parameter controlGroup: a directory; nil: the root of the unified hierarchy.
    public init(controlGroup: String?) {
        self.controlGroup = controlGroup
    }

    /// - Parameter new: all that an event-reader shares.
    /// - Returns: whether there were others before.
    public func replace(_ new: [LoanedDescriptor]) -> Bool {
        maps.replace(new.filter { !$0.name.hasPrefix(PropagationLoans.ofTLS) })
    }

    public func current() throws(StartFailure) -> [LoanedDescriptor] {
        try maps.current() + [LoanedDescriptor(name: Loan.controlGroup, HeldDescriptor(try directory()))]
    }

    private func directory() throws(StartFailure) -> OwnedFD {
        do throws(SysError) {
            return try ControlGroup.open(controlGroup)
        } catch {
            throw .noControlGroup(error, isChosen: controlGroup != nil)
        }
    }
}
