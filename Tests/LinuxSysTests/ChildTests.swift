import Foundation
import LinuxSys
import Testing

/// What a helper finds when it starts. The probe is a shell, so that the kernel answers and not this program.
@Suite struct ChildTests {
    /// Runs a script with the channel on 3, and gives what it wrote to descriptor 2 and how it ended.
    private func run(_ script: String, _ arguments: String...) throws -> (output: String, end: ChildEnd) {
        var pair = try ChannelPair()
        guard let own = pair.takeOwn(), let peer = pair.takePeer() else { throw SysError("pair", code: 0) }
        var child = try Child.start(
            "/bin/bash", arguments: ["bash", "-c", script] + arguments, channel: peer, standardError: .piped)
        _ = consume peer
        guard let errors = child.takeErrorOutput() else { throw SysError("stderr", code: 0) }
        let end = try child.end(waiting: true)
        _ = consume own
        return (try readToEnd(errors), try #require(end))
    }

    @Test func nothingButTheChannelIsOpen() throws {
        // Some of this process's own, which must not get there.
        let stray = try OwnedFD.open("/proc/version")
        let inheritable = dup(stray.rawValue)
        defer { close(inheritable) }
        let found = try run("ls -l /proc/$$/fd >&2; exit 0")
        var links: [String] = []
        for line in found.output.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count > 3, words[words.count - 2] == "->" else { continue }
            links.append(words[words.count - 3] + " " + words[words.count - 1].prefix { $0 != "[" })
        }
        #expect(links == ["0 /dev/null", "1 /dev/null", "2 pipe:", "3 socket:"], "\(found.output)")
        #expect(found.end == .exited(0))
    }

    @Test func theEnvironmentIsEmpty() throws {
        setenv("HILO_SECRET", "1", 1)
        #expect(try run("tr '\\0' '\\n' </proc/$$/environ >&2").output == "")
    }

    @Test func argumentsAndTheirOrder() throws {
        #expect(try run("echo \"$0|$1\" >&2", "a b", "").output == "a b|\n")
    }

    @Test func signalsAreAtTheirDefaults() throws {
        signal(SIGUSR2, SIG_IGN)
        defer { signal(SIGUSR2, SIG_DFL) }
        let status = try run("exec grep -E 'Sig(Blk|Ign)' /proc/self/status >&2").output
        let blocked = try #require(ProcessStatus(status.utf8).hexadecimal("SigBlk"))
        let ignored = try #require(ProcessStatus(status.utf8).hexadecimal("SigIgn"))
        #expect(blocked == 0 && ignored == 0, "\(status)")
    }

    @Test func aGroupOfItsOwn() throws {
        #expect(try run("[ $(cut -d' ' -f5 /proc/$$/stat) = $$ ]").end == .exited(0))
    }

    @Test func endsAreTold() throws {
        #expect(try run("exit 77").end == .exited(77))
        #expect(try run("kill -9 $$").end == .killed(signal: SIGKILL))
    }

    @Test func aProgramThatIsNotThere() throws {
        var pair = try ChannelPair()
        guard let peer = pair.takePeer() else { return }
        do throws(SpawnError) {
            _ = try Child.start("/does/not/exist", arguments: ["x"], channel: peer)
            Issue.record("started nothing")
        } catch {
            #expect(error.step == .exec && error.code == Errno.noEntry)
            #expect(error.description == "exec /does/not/exist: No such file or directory (ENOENT)")
        }
    }

    @Test func aRunningChildIsSignalledThroughItsDescriptor() throws {
        var pair = try ChannelPair()
        guard let peer = pair.takePeer() else { return }
        let child = try Child.start("/bin/sleep", arguments: ["sleep", "100"], channel: peer)
        #expect(try child.end(waiting: false) == nil)
        var waiting = PollSet()
        let index = waiting.add(child.pidfdNumber)
        try child.send(signal: SIGKILL)
        #expect(try waiting.wait(timeout: 5_000_000_000) == 1)
        #expect(waiting.readiness(at: index).contains(.readable))
        #expect(try child.end(waiting: false) == .killed(signal: SIGKILL))
        #expect(throws: SysError.self) { try child.end(waiting: false) }
    }

    /// Threads that allocate and start children at the same time: the child may touch no lock.
    @Test func manyAtOnceFromManyThreads() async throws {
        try await withThrowingTaskGroup(of: ChildEnd.self) { group in
            for index in 0..<40 {
                group.addTask { try run("exit \(index % 7)").end }
            }
            var ends: [ChildEnd: Int] = [:]
            for try await end in group { ends[end, default: 0] += 1 }
            #expect(ends.values.reduce(0, +) == 40)
            #expect(ends.keys.allSatisfy { if case .exited(0...6) = $0 { true } else { false } })
        }
    }
}

/// Everything that is written to a pipe until its last writer is gone. A child that another thread is starting holds it
/// too, for a moment.
func readToEnd(_ pipe: borrowing OwnedFD) throws -> String {
    var output: [UInt8] = []
    var waiting = PollSet()
    _ = waiting.add(pipe.rawValue)
    var isAtEnd = false
    while !isAtEnd {
        _ = try waiting.wait(timeout: 10_000_000_000)
        isAtEnd = try withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            let count = try pipe.read(into: buffer)
            output += buffer[..<count]
            return count == 0
        }
    }
    return String(decoding: output, as: UTF8.self)
}
