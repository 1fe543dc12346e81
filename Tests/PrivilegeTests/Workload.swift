import CProbe
import Foundation
import LinuxSys
import Testing
import Wire

/// All that a helper is ever asked, and both ways in which it leaves, with its system calls noted.
enum Workload {
    /// Different system calls from the moment when the filter is in force until the helper is gone.
    static func calls(of helper: ConfinedHelper) throws -> Set<Call> {
        let closed = try noted(helper, endingWith: .success) { serving in
            try serve(helper, serving)
            serving.process.close()
        }
        let broken = try noted(helper, endingWith: .fault) { try $0.process.send([0]) }
        return closed.union(broken)
    }

    /// - Parameter body: brings the helper to leave.
    private static func noted(
        _ helper: ConfinedHelper, endingWith code: ExitCode, _ body: (ServingHelper) throws -> Void
    ) throws -> Set<Call> {
        let capacity = 200_000
        var recorder: OpaquePointer?
        var calls: [probe_syscall] = []
        // From before the filter is there: the last of its own preparations falls under it.
        try ServingHelper.with(
            helper, isStopped: true,
            meeting: { pid in
                recorder = probe_record(pid, capacity)
                if recorder == nil { throw SysError("ptrace", code: errno) }
            }
        ) { serving in
            try body(serving)
            calls = [probe_syscall](unsafeUninitializedCapacity: capacity) { buffer, count in
                count = probe_recorded(recorder, buffer.baseAddress)
            }
            // Only now: waiting for it takes the stops that the recorder waits for.
            let (end, lines) = try serving.process.end()
            #expect(end == .exited(code.rawValue) && lines.count == (code == .success ? 0 : 1), "\(end) \(lines)")
        }
        #expect(calls.count < capacity, "not all were noted")
        return Set(
            calls.map { call in
                Call(
                    number: call.number,
                    arguments: withUnsafeBytes(of: call.arguments) { Array($0.bindMemory(to: UInt64.self)) })
            })
    }

    private static func serve(_ helper: ConfinedHelper, _ serving: ServingHelper) throws {
        switch helper {
        case .processInspector: try inspect(serving)
        case .eventReader: try carry(serving)
        case .tcAttacher, .tlsAttacher: break
        }
    }

    private static func inspect(_ serving: ServingHelper) throws {
        // More sockets than fit the memory that malloc has at hand.
        try withProcess(ofSockets: 18_000) { pid in
            _ = try serving.process.ask(DescribeRequest(pid: pid, wants: .all)).get()
        }
        for round in 0..<3 {
            for process in try serving.process.ask(ScanRequest()).get().processes {
                // A table of sockets is read for each that is news; of the others the first read one counts.
                let start = round == 0 ? 0 : process.startTime
                _ = try serving.process.ask(DescribeRequest(pid: process.pid, startTime: start, wants: .all))
            }
        }
        let own = ProcessInstance(pid: UInt32(bitPattern: ProcessControl.processID), startTime: 0)
        _ = try serving.process.ask(LibraryRequest(own, index: 0)).get()
        for pid in [0, 4_194_304, .max] as [UInt32] {
            _ = try serving.process.ask(DescribeRequest(pid: pid, wants: .all))
        }
    }

    private static func withProcess(ofSockets count: Int, _ body: (UInt32) throws -> Void) throws {
        let script = """
            import resource, socket, sys
            most = max(\(count + 100), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
            held = [socket.socketpair() for _ in range(\(count / 2))]
            print("ready", flush=True)
            sys.stdin.read()
            """
        let target = Foundation.Process()
        target.executableURL = URL(filePath: "/usr/bin/python3")
        target.arguments = ["-c", script]
        let (input, output) = (Foundation.Pipe(), Foundation.Pipe())
        target.standardInput = input
        target.standardOutput = output
        try target.run()
        defer {
            try? input.fileHandleForWriting.close()
            target.waitUntilExit()
        }
        try #require(!output.fileHandleForReading.availableData.isEmpty)
        try body(UInt32(target.processIdentifier))
    }

    private static func carry(_ serving: ServingHelper) throws {
        let blank = [UInt8](repeating: 0, count: ConfigureRequest.size)
        _ = try serving.process.ask(ConfigureRequest(settings: blank)).get()
        let many = (1...UInt32(SelectRequest.mostChanges)).map { SelectRequest.Change(tgid: $0, action: .add) }
        let full = try serving.process.ask(SelectRequest(many)).get().full
        #expect(full == UInt32(many.count) - ServingHelper.mostSelected)
        _ = try serving.process.ask(SelectRequest(many.prefix(9).map { .init(tgid: $0.tgid, action: .remove) })).get()
        _ = try serving.process.ask(CountRequest()).get()
        // As many as the ring holds, and one more that wakes the reader; and again.
        for count in [700, 1, 300] {
            try serving.capture(count, waking: false)
            try serving.capture(1, waking: true)
            var taken = 0
            while taken <= count { taken += try serving.process.takeRecords() }
            #expect(taken == count + 1)
        }
        _ = try serving.process.ask(CountRequest()).get()
    }
}
