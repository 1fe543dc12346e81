public import LinuxSys
public import Wire

/// Why a helper leaves: an exit code, and one line that names the cause and, where somebody can do something, the
/// remedy.
public struct HelperFault: Error, Sendable {
    public let exitCode: ExitCode
    /// A sentence without the helper's name and without a line break.
    public let message: String
    public let facts: [Fact]

    public init(_ exitCode: ExitCode, _ message: String, facts: [Fact] = []) {
        self.exitCode = exitCode
        self.message = message
        self.facts = facts
    }

    /// A system call failed that does not fail on a sound system.
    public init(_ error: SysError) {
        self.init(.fault, "\(error)")
    }

    /// The coordinator broke the protocol.
    public init(_ error: WireError) {
        let code: ExitCode = if case .wrongVersion = error { .version } else { .fault }
        self.init(code, "The coordinator sent a message that breaks the protocol: \(error)")
    }

    /// Does what fails only on a system that is not sound.
    static func translating<Result: ~Copyable>(
        _ body: () throws(SysError) -> Result
    ) throws(HelperFault) -> Result {
        do throws(SysError) {
            return try body()
        } catch {
            throw HelperFault(error)
        }
    }

    /// The coordinator is gone, and with it every reason to be here: leaves without a word.
    public static let coordinatorGone = HelperFault(.success, "")
}
