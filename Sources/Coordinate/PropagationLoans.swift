import LinuxSys
public import Supervise
import Synchronization
import Wire

/// What a tc-attacher is lent: the maps that the present event-reader shares, and the control group whose processes'
/// connections are to carry contexts.
public final class PropagationLoans: Sendable {
    private let maps = Mutex<[LoanedDescriptor]>([])
    private let controlGroup: String?

    /// - Parameter controlGroup: a directory; nil: the root of the unified hierarchy.
    public init(controlGroup: String?) {
        self.controlGroup = controlGroup
    }

    /// - Returns: whether there were others before.
    public func replace(_ new: [LoanedDescriptor]) -> Bool {
        maps.withLock { maps in
            defer { maps = new }
            return !maps.isEmpty
        }
    }

    public func current() throws(StartFailure) -> [LoanedDescriptor] {
        let shared = maps.withLock { $0 }
        guard !shared.isEmpty else { throw .nothingToLend("capture is not loaded") }
        return shared + [LoanedDescriptor(name: Loan.controlGroup, HeldDescriptor(try directory()))]
    }

    private func directory() throws(StartFailure) -> OwnedFD {
        do throws(SysError) {
            return try ControlGroup.open(controlGroup)
        } catch {
            throw .noControlGroup(error, isChosen: controlGroup != nil)
        }
    }
}
