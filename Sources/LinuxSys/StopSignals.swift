internal import Glibc

/// SIGTERM, SIGINT and SIGHUP (the terminal is gone), taken by one thread that waits for them instead of by handlers. A
/// SIGHUP that whoever started this process has it ignore, as nohup does, is none of them.
public enum StopSignals {
    private static let named: [(number: Int32, name: String)] = [
        (SIGTERM, "SIGTERM"), (SIGINT, "SIGINT"), (SIGHUP, "SIGHUP"),
    ]

    /// Blocks them in this thread and in all that it will start. For the first moment of a process.
    public static func block() {
        var signals = set()
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Waits for the next of them.
    ///
    /// - Returns: its name, such as `SIGTERM`.
    public static func wait() -> String {
        var signals = set()
        var number: Int32 = 0
        // EINTR is possible in theory only; anything else would mean a set that is not valid.
        while sigwait(&signals, &number) != 0 {}
        return named.first { signal in signal.number == number }?.name ?? "signal \(number)"
    }

    /// Whether one of them was sent, and nobody waits for it.
    public static var isPending: Bool {
        var pending = sigset_t()
        sigpending(&pending)
        return named.contains { signal in sigismember(&pending, signal.number) == 1 }
    }

    private static func set() -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in named where signal.number != SIGHUP || !isIgnored(SIGHUP) {
            sigaddset(&signals, signal.number)
        }
        return signals
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        // SIG_IGN, which is a cast that Swift does not import.
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }
}
