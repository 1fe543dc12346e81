/// Names of the signals that end a process, as on x86_64 and aarch64 (signal(7)).
enum SignalName {
    static func of(_ number: Int32) -> String {
        names[number] ?? "signal \(number)"
    }

    static let systemCall: Int32 = 31
    static let kill: Int32 = 9
    /// A program's own fault: what the processor, the C library and Swift's run-time checks raise.
    static let crashes: Set<Int32> = [4, 5, 6, 7, 8, 11]

    private static let names: [Int32: String] = [
        1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
        9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
        24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
    ]
}
