import LinuxSys
import Testing

/// Text of /proc, which processes have a hand in.
@Suite struct ProcessTextTests {
    private static let rest = "S 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2"

    @Test func aLineOfStat() throws {
        let stat = try #require(ProcessStat(Array("42 (bash) \(Self.rest)\n".utf8)))
        #expect(stat.pid == 42 && stat.parentPID == 1 && stat.startTime == 987_654)
        #expect(stat.command == Array("bash".utf8))
        #expect(!stat.isKernelThread && !stat.hasEnded)
    }

    @Test(arguments: ["a b", ") S 9 9 9", "((", "))", "\n", ""])
    func namesThatTryToBeFields(_ name: String) throws {
        let stat = try #require(ProcessStat(Array("42 (\(name)) \(Self.rest)\n".utf8)))
        #expect(stat.command == Array(name.utf8))
        #expect(stat.startTime == 987_654)
    }

    @Test func kernelThreadsAndZombies() throws {
        let thread = Self.rest.replacing("4194560", with: "\(0x0020_8040)")
        #expect(try #require(ProcessStat(Array("2 (kthreadd) \(thread)".utf8))).isKernelThread)
        #expect(try #require(ProcessStat(Array("9 (x) Z\(Self.rest.dropFirst())".utf8))).hasEnded)
    }

    @Test(arguments: [
        "", "42", "42 (bash", "42 bash) S", "x (bash) \(rest)", "42 (bash) S 1 2",
        "42 (bash) S -1 \(rest.dropFirst(4))",
        "99999999999 (bash) \(rest)", "42 (bash) \(rest.replacing("987654", with: "99999999999999999999999"))", ")(",
    ])
    func notAStat(_ text: String) {
        #expect(ProcessStat(Array(text.utf8)) == nil)
    }

    @Test func ownStat() throws {
        let stat = try #require(ProcessStat(try HeldDirectory("/proc/self/.").contents(of: "stat", atMost: 4096)))
        #expect(stat.startTime > 0 && !stat.isKernelThread)
    }

    @Test func linesOfStatus() {
        let status = ProcessStatus("Name:\ta b\nUid:\t1\t2\t3\t4\nThreads:\t7\nNoColon\n:x\nEmpty:\n".utf8)
        #expect(status.value("Name") == "a b")
        #expect(status.decimals("Uid") == [1, 2, 3, 4])
        #expect(status.decimal("Threads") == 7)
        #expect(status.value("Empty") == "" && status.decimal("Empty") == nil)
        #expect(status.value("Absent") == nil)
    }
}
