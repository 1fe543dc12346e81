import Foundation
import Glibc
import LinuxSys
import Testing

@Suite struct FilesTests {
    private func withDirectory(_ body: (String, borrowing HeldDirectory) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "hilo-\(UUID().uuidString)").path
        try HeldDirectory.make(path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path, HeldDirectory(path))
    }

    private func code(_ body: () throws -> Void) -> Int32? {
        do {
            try body()
            return nil
        } catch {
            return (error as? SysError)?.code
        }
    }

    @Test func filesAreWrittenAndReadAtPlaces() throws {
        try withDirectory { path, directory in
            let file = try directory.create("a")
            try file.write([1, 2, 3, 4], at: 2)
            #expect(try file.bytes(at: 0, count: 100) == [0, 0, 1, 2, 3, 4])
            #expect(try file.bytes(at: 3, count: 2) == [2, 3])
            #expect(try file.bytes(at: 6, count: 2) == [])
            try file.truncate(to: 3)
            try file.synchronize()
            try directory.synchronize()
            let status = try directory.openForWriting("a").fileStatus()
            #expect(status.size == 3 && status.isRegular && status.links == 1 && status.owner == geteuid())
            #expect(!status.isOpenToOthers)
            #expect(code { _ = try directory.create("a") } == Errno.exists)
            try directory.rename("a", to: "b")
            #expect(code { _ = try directory.openForWriting("a") } == Errno.noEntry)
            try directory.remove("b")
            #expect(code { try directory.remove("b") } == Errno.noEntry)
            #expect(code { try HeldDirectory.make(path) } == Errno.exists)
        }
    }

    @Test func linksAreNotFollowedAndNobodyIsWaitedFor() throws {
        try withDirectory { path, directory in
            symlink("/etc/passwd", path + "/link")
            #expect(code { _ = try directory.openForWriting("link") } == ELOOP)
            #expect(code { _ = try directory.create("link") } == Errno.exists)
            mkfifo(path + "/fifo", 0o620)
            let status = try directory.openForWriting("fifo").fileStatus()
            #expect(!status.isRegular)
        }
    }

    @Test func aLockIsHeldByOne() throws {
        try withDirectory { path, directory in
            #expect(try directory.lock())
            #expect(try directory.lock(), "it is held already")
            let other = try HeldDirectory(path)
            #expect(try !other.lock())
            #expect(try other.lockHolder() == getpid())
            try directory.requireWritable()
        }
    }

    @Test func theHolderOfALockIsFoundInTheList() {
        let list = """
            1: POSIX  ADVISORY  WRITE 11 08:01:77 0 EOF
            2: FLOCK  ADVISORY  WRITE 12 08:02:77 0 EOF
            3: FLOCK  ADVISORY  WRITE 13 fd:1ff:77 0 EOF
            3: -> FLOCK  ADVISORY  WRITE 14 08:01:77 0 EOF
            4: FLOCK  ADVISORY  WRITE 0 08:03:78 0 EOF
            5: FLOCK
            nonsense
            """
        // makedev(3) of 8:2, of fd:1ff and of 8:3.
        #expect(LockList.holder(of: 77, on: 0x802, in: list) == 12)
        #expect(LockList.holder(of: 77, on: 0x10_fdff, in: list) == 13)
        #expect(LockList.holder(of: 77, on: 0x801, in: list) == nil)
        #expect(LockList.holder(of: 78, on: 0x803, in: list) == nil, "of another process namespace")
        #expect(LockList.holder(of: 79, on: 0x802, in: list) == nil)
    }
}
