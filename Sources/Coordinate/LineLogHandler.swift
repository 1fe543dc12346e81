import LinuxSys
public import Logging
public import Settings

/// Writes log events to standard error, a line each: time, level, a constant sentence, facts.
///
/// `2026-11-22T15:51:13.042Z notice  Ready: every selected feature is attached  hooks=socket processes=3`
public struct LineLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?

    public init(level: Logger.Level) {
        logLevel = level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var facts = metadata
        if let more = event.metadata { facts.merge(more) { $1 } }
        if let error = event.error { facts["error"] = "\(error)" }
        let time = LogTime.text(unixMilliseconds: LogTime.now())
        StandardError.write(
            line: LogLine.text(time: time, level: event.level, message: "\(event.message)", facts: facts))
    }
}

extension Logger.Level {
    public init(_ level: LogThreshold) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            }
    }
}
