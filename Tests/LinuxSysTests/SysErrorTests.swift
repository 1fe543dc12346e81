import LinuxSys
import Testing

@Suite struct SysErrorTests {
    @Test func itSaysWhatWasTriedAndWhatCameOfIt() {
        #expect(
            SysError("openat", "/proc/1/exe", code: Errno.accessDenied).description
                == "openat /proc/1/exe: Permission denied (EACCES)")
        #expect(SysError("capset", code: Errno.notPermitted).description == "capset: Operation not permitted (EPERM)")
        #expect(SysError("x", code: 99_999).description == "x: unknown error (E?)")
    }

    @Test func equality() {
        #expect(SysError("a", "b", code: 1) == SysError("a", "b", code: 1))
        #expect(SysError("a", "b", code: 1) != SysError("a", "b", code: 2))
        #expect(Set([SysError("a", code: 1), SysError("a", code: 1)]).count == 1)
    }

    @Test func theClockGoesOn() {
        let first = MonotonicClock.now()
        #expect(MonotonicClock.now() >= first)
        // The offset puts now between 2020 and 2100.
        let seconds = (Int64(first) + MonotonicClock.offsetToUnix()) / 1_000_000_000
        #expect((1_577_836_800..<4_102_444_800).contains(seconds))
    }

    @Test func accounts() {
        #expect(Account.named("root") == Account(name: "root", uid: 0, gid: 0))
        #expect(Account.named("no-such-user-here") == nil)
        #expect(Account.called("0") == Account(name: "root", uid: 0, gid: 0))
        #expect(Account.called("root")?.uid == 0)
        for text in ["", "-1", "4294967295", "4294967296", "0x0"] { #expect(Account.called(text) == nil) }
        // A process with threads cannot change who it is, and root is nobody to become.
        #expect(throws: SysError.self) { try Account(name: "root", uid: 0, gid: 0).become(keepingBounding: []) }
    }
}
