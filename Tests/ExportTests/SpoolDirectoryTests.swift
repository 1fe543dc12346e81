import Export
import Foundation
import Glibc
import Testing

@Suite(.timeLimit(.minutes(1))) struct SpoolDirectoryTests {
    private let tally = SpoolTally()

    @Test func theLastPartIsMade() throws {
        let place = try SpoolPlace()
        let path = place.path + "/new"
        let remedy = "Remedy: as root, install -d -o \(geteuid()) -m 700 \(path)/deeper"
        #expect(SpoolPlace.problem(path + "/deeper") == "the directory above it is not there. \(remedy)")
        #expect(SpoolPlace.problem(path + "//") == nil)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == 0o700)
        #expect(SpoolPlace.problem(path) == nil)
    }

    @Test func onlyOneMayHaveIt() throws {
        let place = try SpoolPlace()
        let spool = try place.open()
        #expect(SpoolPlace.problem(place.path) == "another hilo uses it, process \(getpid())")
        withExtendedLifetime(spool) {}
    }

    @Test func onlyADirectoryOfOnesOwn() throws {
        let place = try SpoolPlace()
        try place.write([], to: "file")
        symlink(place.path, place.path + "-link")
        defer { unlink(place.path + "-link") }
        let noDirectory = "it is not a directory, or a link to one"
        #expect(SpoolPlace.problem(place.path + "/file") == noDirectory)
        #expect(SpoolPlace.problem(place.path + "-link") == noDirectory)
        #expect(SpoolPlace.problem(place.path + "-link/") == noDirectory)
        mkfifo(place.path + "/fifo", 0o600)
        #expect(SpoolPlace.problem(place.path + "/fifo") == noDirectory)
        for mode in [0o720, 0o702, 0o740, 0o701, 0o755, 0o1777] as [mode_t] {
            chmod(place.path, mode)
            #expect(SpoolPlace.problem(place.path) == "others than its owner may open it; chmod 700 keeps them out")
        }
        chmod(place.path, 0o700)
        #expect(SpoolPlace.problem(place.path) == nil)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a directory away"))
    func notADirectoryOfSomebodyElse() throws {
        let place = try SpoolPlace()
        chown(place.path, 1, 1)
        let remedy = "Remedy: as root, chown \(geteuid()) \(place.path)"
        #expect(
            SpoolPlace.problem(place.path) == "it does not belong to user \(geteuid()), whom hilo runs as. \(remedy)")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can mount"))
    func aFileSystemThatIsReadOnly() throws {
        let place = try SpoolPlace()
        guard mount("hilo-test", place.path, "tmpfs", UInt(MS_RDONLY), "mode=700") == 0 else { return }
        for path in ["", "/new", "/new/deeper"] {
            let problem = try #require(SpoolPlace.problem(place.path + path))
            #expect(problem.hasPrefix("its file system is mounted read-only. Remedy: name a directory on one"))
        }
    }

    /// Root may write everywhere, so that it has to be somebody else.
    @Test(.enabled(if: geteuid() != 0, "root may write everywhere"))
    func aDirectoryOfOnesOwnThatIsNotWritable() throws {
        let place = try SpoolPlace()
        chmod(place.path, 0o500)
        defer { chmod(place.path, 0o700) }
        #expect(
            SpoolPlace.problem(place.path) == "its owner may not write into it. Remedy: chmod 700 \(place.path)")
    }

    /// Whatever lies there: it stays as it is, nothing is waited for, and the start goes on.
    @Test func whatIsNotOursIsLeftAlone() async throws {
        let place = try SpoolPlace()
        let outside = place.path + "-outside"
        defer { unlink(outside) }
        let bytes = SpoolFormat.header + (try #require(SpoolFormat.entry(Array("stolen".utf8), spans: 1)))
        try Data(bytes).write(to: URL(filePath: outside))
        symlink(outside, place.path + "/0000000000000001.spool")
        mkfifo(place.path + "/0000000000000002.spool", 0o600)
        mkdir(place.path + "/0000000000000003.spool", 0o700)
        link(outside, place.path + "/0000000000000004.spool")
        symlink(outside, place.path + "/0000000000000005.damaged")
        var later = Array("hilospol".utf8) + [2, 0, 0, 0]
        let sum = SpoolFormat.checksum(later[...])
        later += (0..<4).map { UInt8(truncatingIfNeeded: sum >> ($0 * 8)) }
        try place.write(later, to: "0000000000000006.spool")
        try place.write([1, 2, 3], to: "notes.txt")
        try place.write([1, 2, 3], to: "\u{1b}[2J")
        symlink("/nowhere", place.path + "/dangling")
        var foreign = 9
        if geteuid() == 0 {
            try place.write(bytes, to: "0000000000000007.spool")
            chown(place.path + "/0000000000000007.spool", 1, 1)
            foreign += 1
        }
        let names = try place.names

        let spool = try place.open()
        let recovery = await spool.recover()
        #expect(recovery.foreign.count == foreign)
        #expect(recovery.spans == 0 && recovery.report.failures == [])
        await spool.append("mine", tally)
        #expect(try place.names.count == names.count + 1)
        #expect(await spool.takeAll(tally) == ["mine"])
        #expect(try place.names == names)
        #expect(Array(try Data(contentsOf: URL(filePath: outside))) == bytes)
        #expect(tally.counts.failures == [])
    }

    @Test(.enabled(if: geteuid() == 0, "only root can mount"))
    func aFullAndAReadOnlyDiskCostWhatIsWrittenThen() async throws {
        let place = try SpoolPlace()
        guard mount("spool", place.path, "tmpfs", 0, "size=256k,mode=700") == 0 else {
            Issue.record("mount: \(errno)")
            return
        }
        let spool = try place.open()
        let body = String(repeating: "x", count: 50_000)
        for number in 0..<10 { await spool.append("\(number) \(body)", tally) }
        let written = tally.counts.written
        #expect((3...5).contains(written) && tally.counts.failed == 10 - written)
        #expect(tally.counts.failures.allSatisfy { $0.contains("No space left on device") })
        #expect(await spool.take(nil, tally)?.prefix(2) == "0 ")

        // A file system with a file that is open for writing does not become read only.
        #expect(await spool.close().failures == [])
        #expect(mount("spool", place.path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "") == 0)
        await spool.append("refused", tally)
        #expect(tally.counts.failed == 11 - written)
        #expect(mount("spool", place.path, "tmpfs", UInt(MS_REMOUNT), "size=2m") == 0)
        await spool.append("last", tally)
        let rest = await spool.takeAll(tally)
        #expect(rest.map { $0.prefix(1) } == (1..<written).map { "\($0)" } + ["l"])
        #expect(try place.names == [])
        #expect(tally.counts.unreadable == 0 && tally.counts.damaged == 0)
    }
}
