internal import CLinux
internal import Glibc

extension ProcessControl {
    /// Gives this thread, and with it a process that has no other, the name that ps(1) and /proc show; at most 15
    /// bytes.
    public static func setName(_ name: StaticString) throws(SysError) {
        let address = UInt(bitPattern: name.utf8Start)
        guard hilo_prctl(PR_SET_NAME, address, 0, 0, 0) == 0 else { throw SysError("prctl PR_SET_NAME", code: errno) }
    }

    public static var processID: Int32 { getpid() }

    /// A closed pipe or socket is an error of the write, not the end of this process.
    public static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// Ignores signals that have no meaning here, and would end this process without a word.
    public static func ignoreUserSignals() {
        for number in [SIGUSR1, SIGUSR2] { signal(number, SIG_IGN) }
    }
}
