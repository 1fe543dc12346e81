internal import CLinux
internal import Glibc

/// Attributes of this process that prctl(2) sets.
public enum ProcessControl {
    /// From here on no exec can gain privilege; cannot be undone.
    public static func setNoNewPrivileges() throws(SysError) {
        guard hilo_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 else {
            throw SysError("prctl PR_SET_NO_NEW_PRIVS", code: errno)
        }
    }

    public static func hasNoNewPrivileges() -> Bool {
        hilo_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1
    }

    /// Whether other processes of the same user may trace this one and read its memory, and whether it dumps core.
    public static func setDumpable(_ dumpable: Bool) throws(SysError) {
        guard hilo_prctl(PR_SET_DUMPABLE, dumpable ? 1 : 0, 0, 0, 0) == 0 else {
            throw SysError("prctl PR_SET_DUMPABLE", code: errno)
        }
    }

    public static func isDumpable() -> Bool {
        hilo_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1
    }

    /// Asks the kernel to send `signal` to this process when the thread that started it ends. An exec that gains
    /// privilege forgets it.
    public static func setParentDeathSignal(_ signal: Int32) throws(SysError) {
        guard hilo_prctl(PR_SET_PDEATHSIG, UInt(signal), 0, 0, 0) == 0 else {
            throw SysError("prctl PR_SET_PDEATHSIG", code: errno)
        }
    }

    /// How much later than asked the kernel may wake this thread, in nanoseconds; 50,000 unless said otherwise.
    public static func setTimerSlack(_ nanoseconds: UInt) throws(SysError) {
        guard hilo_prctl(PR_SET_TIMERSLACK, nanoseconds, 0, 0, 0) == 0 else {
            throw SysError("prctl PR_SET_TIMERSLACK", code: errno)
        }
    }

    /// Ignores what a terminal or a service manager sends to a whole group of processes.
    public static func ignoreGroupSignals() {
        for number in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            signal(number, SIG_IGN)
        }
    }

    /// A file that would grow past RLIMIT_FSIZE fails to be written, with EFBIG, and does not end the process.
    public static func ignoreFileSizeSignal() {
        signal(SIGXFSZ, SIG_IGN)
    }

    /// Leaves at once, without the C library's exit handlers.
    public static func exit(_ code: Int32) -> Never {
        _exit(code)
    }

    /// Holds no directory of whoever started this process.
    public static func leaveWorkingDirectory() throws(SysError) {
        guard chdir("/") == 0 else { throw SysError("chdir", "/", code: errno) }
    }

    /// Empties the environment.
    public static func clearEnvironment() {
        clearenv()
    }
}
