import Foundation
import LinuxSys
import Testing
import Wire

/// The process-inspector as it is installed: file capabilities, another user, processes of a third one.
@Suite(.enabled(if: Privileged.isPossible)) struct InspectorTests {
    /// A process of user 1234 with two listening sockets and an environment with secrets.
    ///
    /// - Parameter strangers: sockets of another process that listened on an IPv4 address before.
    private func withTarget(strangers: Int = 0, _ body: (UInt32) throws -> Void) throws {
        let script = """
            import os, resource, socket, sys
            ready, done = os.pipe()
            if \(strangers) and os.fork() == 0:
                most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
                held, port = [], 0
                for _ in range(\(strangers)):
                    held.append(socket.socket())
                    held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                    held[-1].bind(("127.0.0.1", port))
                    held[-1].listen(1)
                    port = held[-1].getsockname()[1]
                os.write(done, b"x")
                sys.stdin.read()
                os._exit(0)
            os.close(done)
            if \(strangers): assert os.read(ready, 1)
            a = socket.create_server(("127.0.0.1", 0)); b = socket.create_server(("::1", 0), family=socket.AF_INET6)
            c = socket.create_connection(a.getsockname())
            u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 0))
            os.setgroups([]); os.setresgid(1234, 1234, 1234); os.setresuid(1234, 1234, 1234)
            print(a.getsockname()[1], b.getsockname()[1], flush=True)
            sys.stdin.read()
            """
        let target = Foundation.Process()
        target.executableURL = URL(filePath: "/usr/bin/python3")
        target.arguments = ["-c", script, "an argument"]
        target.environment = [
            "OTEL_SERVICE_NAME": "shop", "OTEL_RESOURCE_ATTRIBUTES": "a=b", "PASSWORD": "hunter2",
            "PADDING": String(repeating: "x", count: 40_000),
        ]
        let (input, output) = (Foundation.Pipe(), Foundation.Pipe())
        target.standardInput = input
        target.standardOutput = output
        try target.run()
        defer {
            try? input.fileHandleForWriting.close()
            target.waitUntilExit()
        }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        ports = line.split { $0 == " " || $0 == "\n" }.compactMap { UInt16($0) }.sorted()
        try #require(ports.count == 2)
        try body(UInt32(target.processIdentifier))
    }

    private final class Ports: @unchecked Sendable {
        // SAFETY: one test uses one of them.
        var values: [UInt16] = []
    }
    private let box = Ports()
    private var ports: [UInt16] {
        get { box.values }
        nonmutating set { box.values = newValue }
    }

    @Test func whatItKeepsAndHowItIsConfined() throws {
        try Privileged.withInspector { path in
            var inspector = try HelperProcess(path)
            let hello = try inspector.hello()
            let kept: CapabilitySet = [.sysPtrace, .dacReadSearch]
            #expect(hello.helper == .processInspector && hello.abiVersion == 0)
            #expect(hello.capabilities == Capabilities(effective: kept, permitted: kept))

            let pid = inspector.pid
            let directory = try HeldDirectory("/proc/\(pid)")
            let status = try directory.contents(of: "status", atMost: 65_536)
            #expect(Capabilities(status: status) == hello.capabilities)
            #expect(ProcessStatus(status).decimal("NoNewPrivs") == 1)
            #expect(ProcessStatus(status).decimal("Seccomp") == 2)
            #expect(ProcessStatus(status).decimals("Uid") == Array(repeating: UInt64(Privileged.user), count: 4))
            // Not dumpable: /proc/PID belongs to root, whoever runs it.
            #expect(try FileManager.default.attributesOfItem(atPath: "/proc/\(pid)/fd")[.ownerAccountID] as? Int == 0)
            #expect(try directory.contents(of: "environ", atMost: 10).isEmpty)

            var kinds: Set<DescriptorKind> = []
            let descriptors = try directory.directory("fd")
            try descriptors.forEachName { name in
                let number = String(decoding: name, as: UTF8.self)
                let link = (try? descriptors.linkTarget(number)).map { String(decoding: $0, as: UTF8.self) } ?? ""
                kinds.insert(
                    DescriptorKind(number: Int32(number) ?? -1, link: link, isDirectory: link == "/proc") { _ in
                        .channel
                    })
                return true
            }
            #expect(kinds == [.standardStream, .channel, .directory])
            #expect(kinds.isSubset(of: HelperManifest.processInspector.descriptors))
            #expect(try inspector.end() == (.exited(0), []))
        }
    }

    @Test func itDescribesAProcessOfAnotherUser() throws {
        try withTarget { pid in
            try Privileged.withInspector { path in
                var inspector = try HelperProcess(path)
                _ = try inspector.hello()
                let found = try inspector.ask(DescribeRequest(pid: pid, wants: .all)).get()
                #expect(found.process.pid == pid && found.process.startTime > 0)
                #expect(found.uid == 1234)
                #expect(found.parentPID == UInt32(getpid()))
                #expect(found.executable.contains("/python3"))
                #expect(found.command.hasPrefix("python3"))
                #expect(String(decoding: found.commandLine, as: UTF8.self).hasSuffix("\0an argument\0"))
                #expect(!found.cgroup.isEmpty)
                #expect(found.listeningPorts == ports)
                #expect(found.serviceName == "shop" && found.resourceAttributes == "a=b")
                #expect(found.notes.isEmpty)

                // Nothing of the rest of the environment is anywhere in the answer.
                let bytes = try found.encoded(id: 1)
                #expect(!String(decoding: bytes, as: UTF8.self).contains("hunter2"))

                let bare = try inspector.ask(DescribeRequest(pid: pid, wants: [])).get()
                #expect(bare.listeningPorts.isEmpty && bare.serviceName == nil && bare.notes.isEmpty)
                #expect(try inspector.end() == (.exited(0), []))
            }
        }
    }

    /// They come first in the table of IPv4; what listens on an IPv6 address, as servers do that take both, is found.
    @Test func thousandsOfSocketsOfAnotherProcessHideNoPort() throws {
        try withTarget(strangers: 10_000) { pid in
            try Privileged.withInspector { path in
                var inspector = try HelperProcess(path)
                _ = try inspector.hello()
                let found = try inspector.ask(DescribeRequest(pid: pid, wants: .ports)).get()
                #expect(found.listeningPorts == ports)
                #expect(found.notes.isEmpty)
                #expect(try inspector.end() == (.exited(0), []))
            }
        }
    }

    @Test func withoutDACReadSearchItSaysWhatIsMissing() throws {
        try withTarget { pid in
            try Privileged.withInspector("cap_sys_ptrace=p") { path in
                var inspector = try HelperProcess(path)
                let hello = try inspector.hello()
                #expect(hello.capabilities.permitted == .sysPtrace)
                // Without CAP_SETPCAP nobody may touch the bounding set.
                #expect(!hello.capabilities.bounding.isEmpty)
                let found = try inspector.ask(DescribeRequest(pid: pid, wants: .all)).get()
                #expect(found.notes == [.environmentUnreadable, .portsUnreadable])
                #expect(found.serviceName == nil && found.listeningPorts.isEmpty)
                #expect(found.executable.contains("/python3"))
            }
        }
    }

    @Test func aNumberThatMeansAnotherProcess() throws {
        try withTarget { pid in
            try Privileged.withInspector { path in
                var inspector = try HelperProcess(path)
                _ = try inspector.hello()
                let found = try inspector.ask(DescribeRequest(pid: pid, wants: [])).get()
                let again = DescribeRequest(pid: pid, startTime: found.process.startTime, wants: [])
                #expect(try inspector.ask(again).get() == found)
                let before = DescribeRequest(pid: pid, startTime: found.process.startTime - 1, wants: [])
                #expect(try declined(inspector.ask(before)) == .gone)
                #expect(try declined(inspector.ask(DescribeRequest(pid: 4_194_304, wants: []))) == .gone)
                #expect(try declined(inspector.ask(DescribeRequest(pid: 0, wants: []))) == .invalid)
                #expect(try declined(inspector.ask(DescribeRequest(pid: .max, wants: []))) == .invalid)
            }
        }
    }

    private func declined<Reply>(_ result: Result<Reply, Declined>) -> Declined.Reason? {
        if case .failure(let declined) = result { declined.reason } else { nil }
    }

    @Test func aScanFindsWhatIsThere() throws {
        try withTarget { pid in
            try Privileged.withInspector { path in
                var inspector = try HelperProcess(path)
                _ = try inspector.hello()
                let all = try inspector.ask(ScanRequest()).get()
                #expect(!all.more)
                #expect(all.processes.map(\.pid) == all.processes.map(\.pid).sorted())
                let found = try #require(all.processes.first { $0.pid == pid })
                #expect(try inspector.ask(DescribeRequest(pid: pid, wants: [])).get().process == found)
                // Kernel threads run nothing.
                #expect(!all.processes.contains { $0.pid == 2 })
                let rest = try inspector.ask(ScanRequest(afterPID: pid)).get()
                #expect(rest.processes.allSatisfy { $0.pid > pid })
            }
        }
    }

    /// Steady work shows whether the list of system calls is complete: a missing one ends the helper.
    @Test func manyRequests() throws {
        try Privileged.withInspector { path in
            var inspector = try HelperProcess(path)
            _ = try inspector.hello()
            for _ in 0..<20 {
                for process in try inspector.ask(ScanRequest()).get().processes {
                    _ = try inspector.ask(DescribeRequest(pid: process.pid, startTime: process.startTime, wants: .all))
                }
            }
            #expect(try inspector.end() == (.exited(0), []))
        }
    }

    @Test func signalsToTheGroupDoNotEndIt() throws {
        try Privileged.withInspector { path in
            var inspector = try HelperProcess(path)
            _ = try inspector.hello()
            for signal in [SIGTERM, SIGINT, SIGHUP] { kill(inspector.pid, signal) }
            _ = try inspector.ask(ScanRequest()).get()
            #expect(try inspector.end() == (.exited(0), []))
        }
    }

    @Test(arguments: [
        ("0500 2000 01000000 00000000 00 000000", 70),  // a request of another helper
        ("0500 1100 01000000 05000000 00 000000 00000000 00", 70),  // a reply
        ("0500 1000 01000000 05000000 00 000000 00000000 00", 70),  // a byte too many
        ("0500 7777 01000000 00000000 00 000000", 70),  // an unknown kind
        ("0500 1200 01000000 0d000000 00 000000 01000000 0000000000000000 ff", 70),  // flags without meaning
        ("0100 1000 01000000 04000000 00 000000 00000000", 76),  // another version
        ("00", 70),
    ])
    func whatBreaksTheProtocolEndsIt(_ hexadecimal: String, _ code: Int32) throws {
        try Privileged.withInspector { path in
            var inspector = try HelperProcess(path)
            _ = try inspector.hello()
            let digits = Array(hexadecimal.filter { $0 != " " })
            try inspector.send(
                stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...($0 + 1)]), radix: 16) ?? 0 })
            let last = try #require(try inspector.receive())
            #expect(last.kind == .log)
            let (end, lines) = try inspector.end(closing: false)
            #expect(end == .exited(code))
            #expect(lines.count == 1 && lines[0].hasPrefix("hilo-process-inspector: The coordinator "), "\(lines)")
        }
    }
}
