import Audit
import LinuxSys
import Testing
import Wire

/// Against this very process, about which the test knows the truth.
@Suite struct ProcessObserverTests {
    @Test func seesThisProcess() throws {
        let held = try OwnedFD.open("/proc/self/status")
        let pipe = try Pipe()
        let pair = try ChannelPair()
        let observer = try ProcessObserver(pid: ProcessControl.processID)
        let seen = try observer.observe(as: "me")
        #expect(seen.pid == ProcessControl.processID)
        #expect(seen.uid == Account.effectiveUserID)
        let own = try Capabilities.ofThisThread()
        #expect(seen.privileges.capabilities == own)
        #expect(seen.privileges.noNewPrivileges == ProcessControl.hasNoNewPrivileges())
        let kinds = try #require(seen.descriptors)
        #expect(kinds[.file, default: 0] >= 1)
        #expect(kinds[.pipe, default: 0] >= 2)
        #expect(kinds[.channel, default: 0] >= 2)
        #expect(kinds[.standardStream, default: 0] >= 1)
        // Open until here.
        _ = consume held
        _ = consume pipe
        _ = consume pair
    }

    @Test func aProcessThatIsNotThereIsAnError() {
        #expect(throws: SysError.self) { try ProcessObserver(pid: Int32.max) }
    }

    /// Whoever is not dumpable is owned by root in /proc: a child that says so itself is asked.
    @Test(.enabled(if: Account.effectiveUserID == 0)) func tellsWhetherAProcessIsDumpable() throws {
        for (dumpable, code) in [(true, 1), (false, 0)] {
            var pair = try ChannelPair()
            guard let own = pair.takeOwn(), let peer = pair.takePeer() else { continue }
            let script = """
                import ctypes, os, socket
                os.setgid(65534); os.setuid(65534)
                ctypes.CDLL(None).prctl(4, \(code), 0, 0, 0)
                s = socket.socket(fileno=3); s.send(b"x"); s.recv(1)
                """
            let child = try Child.start("/usr/bin/python3", arguments: ["python3", "-c", script], channel: peer)
            _ = consume peer
            var buffer = MessageBuffer()
            _ = try own.receive(into: &buffer)
            let seen = try ProcessObserver(pid: child.pid).observe(as: "python3")
            #expect(seen.dumpable == dumpable)
            #expect(seen.users == [65534, 65534, 65534, 65534])
            _ = consume own
            _ = try child.end(waiting: true)
        }
    }
}
