import Foundation
import LinuxSys
import Testing

@Suite struct HeldDirectoryTests {
    private func withDirectory(_ body: (String, borrowing HeldDirectory) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "hilo-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
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

    @Test func smallFilesWhole() throws {
        try withDirectory { path, directory in
            for size in [0, 1, 4096, 16_384, 16_385, 40_000] {
                let contents = Data((0..<size).map { UInt8(truncatingIfNeeded: $0) })
                try contents.write(to: URL(filePath: path + "/file"))
                #expect(try directory.contents(of: "file", atMost: size) == Array(contents))
                let whole = try directory.beginning(of: "file", atMost: size)
                #expect(whole.complete && whole.bytes.count == size)
                if size > 0 {
                    #expect(code { _ = try directory.contents(of: "file", atMost: size - 1) } == Errno.fileTooBig)
                    let part = try directory.beginning(of: "file", atMost: size - 1)
                    #expect(!part.complete && part.bytes == Array(contents.dropLast()))
                }
            }
        }
    }

    @Test func linksAreReadAndNotFollowed() throws {
        try withDirectory { path, directory in
            try FileManager.default.createSymbolicLink(atPath: path + "/link", withDestinationPath: "/etc/passwd")
            #expect(try directory.linkTarget("link") == Array("/etc/passwd".utf8))
            #expect(code { _ = try directory.open("link") } == ELOOP)
            #expect(code { _ = try directory.contents(of: "link", atMost: 100) } == ELOOP)
            #expect(code { _ = try directory.directory("link") } != nil)
            #expect(code { _ = try directory.linkTarget("absent") } == Errno.noEntry)
        }
    }

    @Test func whatIsHeldIsNotExchanged() throws {
        try withDirectory { path, directory in
            try Data([1]).write(to: URL(filePath: path + "/file"))
            try FileManager.default.moveItem(atPath: path, toPath: path + "-moved")
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            defer { try? FileManager.default.removeItem(atPath: path + "-moved") }
            #expect(try directory.contents(of: "file", atMost: 10) == [1])
        }
    }

    @Test func namesOfManyEntriesAndAnEnd() throws {
        try withDirectory { path, directory in
            let names = Set((0..<2000).map { "a-rather-long-name-\($0)" })
            for name in names { try Data().write(to: URL(filePath: "\(path)/\(name)")) }
            for _ in 0..<2 {
                var found: Set<String> = []
                try directory.forEachName { name in
                    found.insert(String(decoding: name, as: UTF8.self))
                    return true
                }
                #expect(found == names)
            }
            var count = 0
            try directory.forEachName { _ in
                count += 1
                return count < 5
            }
            #expect(count == 5)
        }
    }

    /// The number of a process that ended may have a new owner; a held directory never means that one.
    @Test func aHeldProcessDirectoryOutlivesItsProcessAndSaysSo() throws {
        var pair = try ChannelPair()
        guard let peer = pair.takePeer() else { return }
        let child = try Child.start("/bin/sleep", arguments: ["sleep", "100"], channel: peer)
        let directory = try HeldDirectory("/proc/\(child.pid)")
        _ = try directory.contents(of: "stat", atMost: 4096)
        try child.send(signal: SIGKILL)
        _ = try child.end(waiting: true)
        let code = code { _ = try directory.contents(of: "stat", atMost: 4096) }
        #expect(code == Errno.noProcess || code == Errno.noEntry)
    }

    @Test func pipesAndOwnership() throws {
        var pipe = try LinuxSys.Pipe()
        guard let reader = pipe.takeReader(), let writer = pipe.takeWriter() else { return }
        let number = writer.rawValue
        let copy = try writer.duplicate()
        #expect(copy.rawValue != number)
        #expect(fcntl(copy.rawValue, F_GETFD) == FD_CLOEXEC)
        _ = consume writer
        _ = consume copy
        var byte: UInt8 = 0
        let count = try withUnsafeMutableBytes(of: &byte) { try reader.read(into: $0) }
        #expect(count == 0)
    }
}
