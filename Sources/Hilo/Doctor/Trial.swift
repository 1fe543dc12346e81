import Coordinate
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
    func run(
        _ plan: HelperPlan, abiVersion: UInt32, loans: @escaping Helper.Lender = { () throws(StartFailure) in [] }
    ) async throws(SysError) -> Outcome {
        let (changes, queue) = AsyncStream.makeStream(of: Helper.Change.self)
        let helper = try Helper(
            plan, starter: starter, abiVersion: abiVersion,
            logger: Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() },
            loans: loans, onChange: { queue.yield($0) })
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
            case .entrusted: break
            case .gaveUp(let explanation): return outcome ?? .failed(explanation)
            case .stopped:
                if let outcome { return outcome }
            }
        }
        throw SysError("wait", "\(plan.manifest.name)", code: Errno.noData)
    }

    /// Starts an event-reader, and an attacher with what that one shares.
    ///
    /// - Returns: what the attacher says, or the event-reader where that one cannot be had.
    func run(
        _ attacher: HelperPlan, beside readerPlan: HelperPlan, abiVersion: UInt32,
        lending loans: @escaping @Sendable ([LoanedDescriptor]) throws(StartFailure) -> [LoanedDescriptor]
    ) async throws(SysError) -> Outcome {
        let (changes, queue) = AsyncStream.makeStream(of: Helper.Change.self)
        let reader = try Helper(
            readerPlan, starter: starter, abiVersion: abiVersion,
            logger: Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() }, onChange: { queue.yield($0) })
        try reader.start()
        var outcome: Outcome?
        for await change in changes {
            switch change {
            case .entrusted(let shared):
                outcome = try await run(
                    attacher, abiVersion: 0, loans: { () throws(StartFailure) in try loans(shared) })
                reader.stop()
            case .lost(let explanation, _):
                outcome = outcome ?? .failed(explanation)
                reader.stop()
            case .gaveUp(let explanation): return outcome ?? .failed(explanation)
            case .stopped:
                if let outcome { return outcome }
            case .ready: break
            }
        }
        throw SysError("wait", HelperManifest.eventReader.name, code: Errno.noData)
    }

    func passOn(_ carriers: HelperPlan.Carriers, abiVersion: UInt32, controlGroup: String?) async throws(SysError)
        -> Outcome
    {
        let reader = HelperPlan.eventReader(
            hooks: .auto, sizes: CaptureSizes(ringBytes: 65_536), carriers: carriers)
        return try await run(.tcAttacher(carriers: carriers), beside: reader, abiVersion: abiVersion) {
            (shared) throws(StartFailure) in
            let loans = PropagationLoans(controlGroup: controlGroup)
            _ = loans.replace(shared)
            return try loans.current()
        }
    }

    func followTLS(abiVersion: UInt32) async throws(SysError) -> Outcome {
        let reader = HelperPlan.eventReader(
            hooks: .auto, sizes: CaptureSizes(ringBytes: 65_536), followsTLS: true)
        return try await run(.tlsAttacher(carriers: []), beside: reader, abiVersion: abiVersion) {
            (shared) throws(StartFailure) in shared
        }
    }
}
