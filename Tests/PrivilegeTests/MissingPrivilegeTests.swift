import Foundation
import LinuxSys
import Testing
import Wire

/// A helper that has too little or too much leaves with 77 and one line, which the coordinator gets as well.
@Suite(.enabled(if: Privileged.isPossible)) struct MissingPrivilegeTests {
    private func expectRefusal(
        _ capabilities: String?, wrappers: [[String]] = [], in parent: String = "/var/tmp", says parts: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try Privileged.withInspector(capabilities, in: parent) { path in
            var inspector = try HelperProcess(path, wrappers: wrappers)
            let message = try #require(try inspector.receive(), sourceLocation: sourceLocation)
            let log: LogMessage = try message.bytes.withUnsafeBytes { try Frame(decoding: $0).decode() }
            #expect(log.level == .critical, sourceLocation: sourceLocation)
            #expect(log.facts.map(\.name).suffix(2) == ["cause", "remedy"], sourceLocation: sourceLocation)
            let (end, lines) = try inspector.end()
            #expect(end == .exited(ExitCode.privilege.rawValue), sourceLocation: sourceLocation)
            #expect(lines == ["hilo-process-inspector: \(log.message)"], sourceLocation: sourceLocation)
            for part in parts {
                #expect(log.message.contains(part), "\(log.message)", sourceLocation: sourceLocation)
            }
        }
    }

    private let installed = HelperManifest.processInspector.fileCapabilities

    @Test func noFileCapabilities() throws {
        try expectRefusal(nil, says: "CAP_SYS_PTRACE is missing", "has no capabilities", "setcap")
    }

    @Test func otherFileCapabilities() throws {
        try expectRefusal(
            "cap_dac_read_search=p", says: "CAP_SYS_PTRACE is missing", "permits only CAP_DAC_READ_SEARCH")
    }

    @Test func noNewPrivileges() throws {
        try expectRefusal(installed, wrappers: [["--no-new-privs"]], says: "no_new_privs is set", "NoNewPrivileges=no")
    }

    @Test func nosuidMount() throws {
        let mount = "/var/tmp/hilo-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: false)
        try Privileged.run("/usr/bin/mount", "-t", "tmpfs", "-o", "nosuid,mode=0755", "tmpfs", mount)
        defer {
            try? Privileged.run("/usr/bin/umount", "--lazy", mount)
            try? FileManager.default.removeItem(atPath: mount)
        }
        try expectRefusal(installed, in: mount, says: "a mount with nosuid")
    }

    @Test func aBoundingSetThatLacksIt() throws {
        try Privileged.withInspector { path in
            // Only root can shrink it, before it becomes somebody else.
            var pair = try ChannelPair()
            guard let peer = pair.takePeer() else { return }
            let command = [
                "setpriv", "--bounding-set=-sys_ptrace", "--reuid=\(Privileged.user)", "--regid=\(Privileged.user)",
                "--clear-groups", "--inh-caps=-all", path,
            ]
            var child = try Child.start("/usr/bin/setpriv", arguments: command, channel: peer, standardError: .piped)
            #expect(try child.end(waiting: true) == .exited(77))
            guard let errors = child.takeErrorOutput() else { return }
            let line = try readToEnd(errors)
            #expect(line.contains("the bounding set lacks CAP_SYS_PTRACE"), "\(line)")
        }
    }

    @Test func moreThanTheManifest() throws {
        try expectRefusal(
            "cap_sys_ptrace,cap_net_raw=p", says: "CAP_NET_RAW is more than this helper may have", "permits too much")
    }

    @Test func startedAsRoot() throws {
        try Privileged.withInspector { path in
            var pair = try ChannelPair()
            guard let peer = pair.takePeer() else { return }
            let child = try Child.start(path, arguments: [path], channel: peer, standardError: .piped)
            #expect(try child.end(waiting: true) == .exited(77))
        }
    }

    @Test func anArgumentThatIsNotKnown() throws {
        try Privileged.withInspector { path in
            var inspector = try HelperProcess(path, ["--verbose"])
            _ = try inspector.receive()
            let (end, lines) = try inspector.end()
            #expect(end == .exited(64) && lines.count == 1)
        }
    }

    @Test func withoutAChannel() throws {
        let process = Foundation.Process()
        process.executableURL = URL(filePath: try #require(Privileged.helper("hilo-process-inspector")))
        let errors = Foundation.Pipe()
        process.standardError = errors
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 64)
        let line = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
        #expect(line.contains("descriptor 3 has to be a channel") && line.split(separator: "\n").count == 1)
    }
}
