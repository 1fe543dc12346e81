internal import LinuxSys
internal import Logging
internal import Wire

/// What is handed on to the log of what a helper says: little of each message, and not many of them. One that has
/// fallen may not fill the journal.
extension HelperSession {
    /// Bytes that are handed on of one message.
    private static let longestMessage = 1024

    mutating func say(_ message: LogMessage) {
        let level = Logger.Level(message.level)
        // What nobody wants to read is no reason to leave something else out.
        guard level >= helper.logger.logLevel, allowance.admit(now: lastHeard) else { return }
        let message = message.cut(to: HelperSession.longestMessage)
        var metadata: Logger.Metadata = ["helper": "\(helper.plan.manifest.name)"]
        for fact in message.facts { metadata[fact.name] = "\(fact.value)" }
        helper.logger.log(level: level, "\(message.message)", metadata: metadata)
    }

    func sayLeftOut(_ count: UInt64?) {
        guard let count else { return }
        helper.logger.warning(
            "Messages of a helper were left out, since there were too many",
            metadata: ["helper": "\(helper.plan.manifest.name)", "left_out": "\(count)"])
    }
}

extension Logger.Level {
    init(_ level: LogLevel) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }
}
