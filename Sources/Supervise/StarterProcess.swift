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

    /// Hands on lines until the starter has ended.
    func follow(onLine: (String) -> Void) {
        var splitter = LineSplitter()
        var waiting = PollSet()
        let readable = waiting.add(output.rawValue)
        let ended = waiting.add(child.pidfdNumber)
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            do throws(SysError) {
                while waiting.readiness(at: ended).isEmpty {
                    _ = try waiting.wait()
                    guard waiting.readiness(at: readable).contains(.readable) else { continue }
                    let count = try output.read(into: buffer)
                    splitter.take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), onLine)
                }
            } catch {
                // EAGAIN after a readiness that somebody else used up cannot be: there is one reader. Nothing is left
                // to read on any other error.
            }
            splitter.finish(onLine)
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
