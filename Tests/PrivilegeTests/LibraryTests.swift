import Foundation
import LinuxSys
import Testing
import Wire

/// Files that the process-inspector names, as it is installed: those that a process of another user has mapped as code,
/// and no others.
@Suite(.enabled(if: Privileged.isPossible)) struct LibraryTests {
    /// A process of user 1234 that has loaded the library of this path.
    private func withTarget(loading library: String, _ body: (UInt32) throws -> Void) throws {
        let script = """
            import ctypes, os, sys
            ctypes.CDLL(sys.argv[1])
            os.setgroups([]); os.setresgid(1234, 1234, 1234); os.setresuid(1234, 1234, 1234)
            print("ready", flush=True)
            sys.stdin.read()
            """
        let target = Foundation.Process()
        target.executableURL = URL(filePath: "/usr/bin/python3")
        target.arguments = ["-c", script, library]
        let (input, output) = (Foundation.Pipe(), Foundation.Pipe())
        target.standardInput = input
        target.standardOutput = output
        try target.run()
        defer {
            try? input.fileHandleForWriting.close()
            target.waitUntilExit()
        }
        try #require(output.fileHandleForReading.availableData.starts(with: Data("ready".utf8)))
        try body(UInt32(target.processIdentifier))
    }

    /// A copy of a library, which only root can read, in a directory of its own.
    private func withCopy(_ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "hilo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        let copy = directory.appending(path: "libssl.so.test").path
        try FileManager.default.copyItem(atPath: "/usr/lib/x86_64-linux-gnu/libssl.so.3", toPath: copy)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: copy)
        try body(copy)
    }

    private struct Opened {
        let path: String
        let left: UInt8
        let beginning: [UInt8]
    }

    private func opened(_ request: LibraryRequest, by inspector: inout HelperProcess) throws -> Opened? {
        guard case .success(let reply) = try inspector.ask(request) else { return nil }
        var beginning: [UInt8] = []
        if let file = inspector.takeDescriptor() {
            #expect(throws: SysError.self, "no right to its contents") { try file.bytes(at: 0, count: 4) }
            beginning = try OwnedFD.reading(named: file).bytes(at: 0, count: 4)
        }
        return Opened(path: reply.path, left: reply.left, beginning: beginning)
    }

    @Test func theExecutableAndTheLibraryOfAProcess() throws {
        try withCopy { copy in
            try withTarget(loading: copy) { pid in
                try Privileged.withInspector { path in
                    var inspector = try HelperProcess(path)
                    _ = try inspector.hello()
                    let process = ProcessInstance(pid: pid, startTime: 0)
                    var paths: [String] = []
                    for index in 0..<2 as Range<UInt8> {
                        let request = LibraryRequest(process, index: index)
                        let file = try #require(try opened(request, by: &inspector))
                        #expect(file.beginning == [0x7F] + Array("ELF".utf8) && file.left == 1 - index)
                        paths.append(file.path)
                    }
                    #expect(paths.contains(copy) && paths.contains { $0.contains("/python3") }, "\(paths)")
                    #expect(try opened(LibraryRequest(process, index: 2), by: &inspector)?.path == nil)
                    // What is there now is another file.
                    let index = UInt8(paths.firstIndex(of: copy) ?? 0)
                    try FileManager.default.copyItem(atPath: copy, toPath: copy + ".new")
                    try FileManager.default.removeItem(atPath: copy)
                    try FileManager.default.moveItem(atPath: copy + ".new", toPath: copy)
                    #expect(try opened(LibraryRequest(process, index: index), by: &inspector)?.path == nil)
                    #expect(try inspector.end() == (.exited(0), []))
                }
            }
        }
    }

    @Test func aProcessThatIsNotMeant() throws {
        try Privileged.withInspector { path in
            var inspector = try HelperProcess(path)
            _ = try inspector.hello()
            let own = UInt32(bitPattern: ProcessControl.processID)
            for process in [ProcessInstance(pid: own, startTime: 1), ProcessInstance(pid: 0, startTime: 0)] {
                #expect(try opened(LibraryRequest(process, index: 0), by: &inspector)?.path == nil)
            }
            #expect(try inspector.end() == (.exited(0), []))
        }
    }
}
