import LinuxSys
import Logging
import Supervise
import Synchronization
import Wire

/// Starts a helper for the sake of what it says when it greets, or when it cannot.
struct Trial: Sendable {
    enum Outcome: Sendable {
        case greeted(Hello)
        case failed(Explanation)
    }

    let starter: HelperStarter

    /// Starts the helper, and has it leave again.
    func run(_ plan: HelperPlan, abiVersion: UInt32) async throws(SysError) -> Outcome {
        let (changes, queue) = AsyncStream.makeStream(of: Helper.Change.self)
        let helper = try Helper(
            plan, starter: starter, abiVersion: abiVersion,
            logger: Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() },
            onChange: { queue.yield($0) })
        try helper.start()
        var outcome: Outcome?
        for await change in changes {
            switch change {
            case .ready(let hello, _, _):
                outcome = .greeted(hello)
                helper.stop()
            case .lost(let explanation, _):
                outcome = outcome ?? .failed(explanation)
                helper.stop()
            case .gaveUp(let explanation): return outcome ?? .failed(explanation)
            case .stopped:
                if let outcome { return outcome }
            }
        }
        throw SysError("wait", "\(plan.manifest.name)", code: Errno.noData)
    }
}
