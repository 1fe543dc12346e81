import LinuxSys
public import Logging

/// Tells the service manager how far hilo is, where there is one (NOTIFY_SOCKET).
public final class ServiceManager: Sendable {
    private let socket: NotifySocket?
    private let logger: Logger

    public init(environment: [String: String], logger: Logger) {
        self.logger = logger
        guard let path = environment["NOTIFY_SOCKET"], !path.isEmpty else {
            socket = nil
            return
        }
        do throws(SysError) {
            socket = try NotifySocket(path)
        } catch {
            logger.warning("The service manager cannot be told anything", metadata: ["error": "\(error)"])
            socket = nil
        }
    }

    func ready(status: String) { say("READY=1\nSTATUS=\(status)") }
    func stopping(status: String) { say("STOPPING=1\nSTATUS=\(status)") }
    func status(_ status: String) { say("STATUS=\(status)") }

    private func say(_ assignments: String) {
        do throws(SysError) {
            try socket?.send(assignments)
        } catch {
            logger.warning("The service manager did not take a message", metadata: ["error": "\(error)"])
        }
    }
}
