internal import LinuxSys

/// The starter as a process, and the pipe that it and every helper have as their standard error.
final class StarterProcess: Sendable {
    private let child: Child
    private let output: OwnedFD

    init(child: consuming Child, output: consuming OwnedFD) {
        self.child = child
        self.output = output
    }

    var pid: Int32 { child.pid }

    /// Hands on lines until the starter has ended: not many, so that a fallen helper does not fill the journal.
    func follow(onLine: (String) -> Void) {
        var splitter = LineSplitter()
        var allowance = LogAllowance()
        func sayLeftOut(_ count: UInt64?) {
            if let count { onLine("\(count) lines were left out, since there were too many") }
        }
        func hand(_ line: String) {
            let now = MonotonicClock.now()
            sayLeftOut(allowance.settle(now: now))
            if allowance.admit(now: now) { onLine(line) }
        }
        var waiting = PollSet()
        let readable = waiting.add(output.rawValue)
        let ended = waiting.add(child.pidfdNumber)
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            do throws(SysError) {
                while waiting.readiness(at: ended).isEmpty {
                    _ = try waiting.wait()
                    guard waiting.readiness(at: readable).contains(.readable) else { continue }
                    let count = try output.read(into: buffer)
                    splitter.take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), hand)
                }
            } catch {
                // EAGAIN after a readiness that somebody else used up cannot be: there is one reader. Nothing is left
                // to read on any other error.
            }
            splitter.finish(hand)
            sayLeftOut(allowance.finish())
        }
    }

    /// Waits for its end; nil when it was waited for before.
    func end() -> ChildEnd? {
        do throws(SysError) {
            return try child.end(waiting: true)
        } catch {
            return nil
        }
    }
}
