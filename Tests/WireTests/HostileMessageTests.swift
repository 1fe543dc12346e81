import Foundation
import LinuxSys
import Testing
import Wire

/// Whatever bytes come: an error or a message, never a trap.
@Suite struct HostileMessageTests {
    /// SplitMix64, so that a failure can be repeated.
    struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    static func samples() throws -> [[UInt8]] {
        [
            try Hello(
                abiVersion: 1, helper: .processInspector, capabilities: Capabilities(), probed: [Fact("a", "b")]
            ).encoded(),
            try LogMessage(level: .error, message: "m", facts: [Fact("a", "b")]).encoded(),
            try Declined(.gone, errno: 3, text: "t").encoded(id: 1),
            try ScanRequest().encoded(id: 1),
            try ScanReply(processes: [ProcessInstance(pid: 1, startTime: 2)], more: false).encoded(id: 1),
            try DescribeRequest(pid: 1, wants: .all).encoded(id: 1),
            try ProcessDescription(
                process: ProcessInstance(pid: 1, startTime: 2), executable: "/bin/x", commandLine: [1, 2],
                listeningPorts: [1], serviceName: "n", resourceAttributes: "a=b"
            ).encoded(id: 1),
            try SelectRequest([.init(tgid: 1, action: .add)]).encoded(id: 1),
            try SelectReply(full: 0).encoded(id: 1),
            try CountReply(counters: Array(repeating: 1, count: CountReply.size)).encoded(id: 1),
            bytes("0500 0401 00000000 14000000 00 000000 0800000000000000 01000000 04000000 aabbccdd"),
            try CaptureMaps(links: 2, shared: 3).encoded(),
            try SharedMap(name: "m").encoded(),
            try Loan(name: "m", left: 2).encoded(),
            try CaptureLink(program: "p").encoded(),
            try Inheritance().encoded(),
            try LibraryRequest(ProcessInstance(pid: 1, startTime: 2), index: 0).encoded(id: 1),
            try LibraryReply(path: "/l", left: 1).encoded(id: 1),
            try AttachRequest(process: 1).encoded(id: 1),
            try AttachReply(functions: 9).encoded(id: 1),
        ]
    }

    /// Decodes as whatever the header says it is.
    func decodeAny(_ message: [UInt8]) throws {
        try message.withUnsafeBytes { raw in
            let kind = raw.count >= 4 ? MessageKind(rawValue: UInt16(raw[2]) | UInt16(raw[3]) << 8) : nil
            let frame = try Frame(decoding: raw, descriptors: kind?.rule.descriptors ?? 0)
            switch frame.kind {
            case .declined: _ = try frame.decode(Declined.self)
            case .scan: _ = try frame.decode(ScanRequest.self)
            case .scanned: _ = try frame.decode(ScanReply.self)
            case .describe: _ = try frame.decode(DescribeRequest.self)
            case .described: _ = try frame.decode(ProcessDescription.self)
            case .library: _ = try frame.decode(LibraryRequest.self)
            case .libraryOpened: _ = try frame.decode(LibraryReply.self)
            case .attach: _ = try frame.decode(AttachRequest.self)
            case .attached: _ = try frame.decode(AttachReply.self)
            case .configure: _ = try frame.decode(ConfigureRequest.self)
            case .configured: _ = try frame.decode(ConfigureReply.self)
            case .select: _ = try frame.decode(SelectRequest.self)
            case .selected: _ = try frame.decode(SelectReply.self)
            case .count: _ = try frame.decode(CountRequest.self)
            case .counted: _ = try frame.decode(CountReply.self)
            case .hello: _ = try frame.decode(Hello.self)
            case .log: _ = try frame.decode(LogMessage.self)
            case .maps: _ = try frame.decode(CaptureMaps.self)
            case .link: _ = try frame.decode(CaptureLink.self)
            case .inherit: _ = try frame.decode(Inheritance.self)
            case .share: _ = try frame.decode(SharedMap.self)
            case .lend: _ = try frame.decode(Loan.self)
            case .records:
                var records = try Records(frame)
                while try records.next() != nil {}
            }
        }
    }

    @Test func theSamplesAreSound() throws {
        for sample in try Self.samples() { try decodeAny(sample) }
    }

    /// 70,000, or with HILO_TEST_SCALE=full a million.
    private static let roundsPerSample =
        ProcessInfo.processInfo.environment["HILO_TEST_SCALE"] == "full" ? 72_000 : 5_000

    @Test func mutatedMessages() throws {
        var random = Random(state: 1)
        var accepted = 0
        for sample in try Self.samples() {
            for _ in 0..<Self.roundsPerSample {
                var message = sample
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    message[Int.random(in: 0..<message.count, using: &random)] = UInt8.random(
                        in: 0...255, using: &random)
                }
                if Bool.random(using: &random) {
                    message = withLength(Array(message.prefix(Int.random(in: 0...message.count, using: &random))))
                }
                do {
                    try decodeAny(message)
                    accepted += 1
                } catch is WireError {
                }
            }
        }
        // Else the mutations would test the header only.
        #expect(accepted > 1000)
    }

    @Test func valuesOutsideOfTheirEnumerations() {
        for (message, field) in [
            ("0500 0201 00000000 05000000 00 000000 07 0000 0000", "level"),
            ("0500 0100 01000000 08000000 00 000000 0000 00000000 0000", "reason"),
            ("0500 1100 01000000 05000000 00 000000 00000000 02", "more"),
            ("0500 1200 01000000 0d000000 00 000000 01000000 0000000000000000 04", "wants"),
            ("0500 2200 01000000 09000000 00 000000 01000000 01000000 02", "action"),
        ] as [(String, StaticString)] {
            #expect(throws: WireError.badValue(field)) { try decodeAny(bytes(message)) }
        }
    }

    @Test func textThatIsNotUTF8IsReplaced() throws {
        let message = bytes("0500 0201 00000000 07000000 00 000000 00 0200 ff41 0000")
        #expect(try decode(LogMessage.self, message).message == "\u{FFFD}A")
    }

    @Test func aPageOfProcessesFollowsTheOneBefore() throws {
        func check(after pid: UInt32, _ pids: [UInt32], more: Bool = false) throws {
            try ScanRequest(afterPID: pid).check(
                ScanReply(processes: pids.map { ProcessInstance(pid: $0, startTime: 1) }, more: more))
        }
        try check(after: 0, [])
        try check(after: 0, [1, 2, 7], more: true)
        try check(after: 7, [8, .max])
        for pids in [[7], [6, 8], [8, 8], [9, 8]] as [[UInt32]] {
            #expect(throws: WireError.badValue("pid")) { try check(after: 7, pids, more: true) }
        }
        #expect(throws: WireError.badValue("pid")) { try check(after: 0, [0]) }
        // It would be the end of the list though it says that it is not.
        #expect(throws: WireError.badValue("more")) { try check(after: 7, [], more: true) }
    }

    @Test func aDescriptionIsOfTheProcessThatWasAskedAbout() throws {
        let found = ProcessDescription(process: ProcessInstance(pid: 5, startTime: 6))
        try DescribeRequest(pid: 5, wants: []).check(found)
        try DescribeRequest(pid: 5, startTime: 6, wants: []).check(found)
        #expect(throws: WireError.badValue("pid")) { try DescribeRequest(pid: 6, wants: []).check(found) }
        #expect(throws: WireError.badValue("start_time")) {
            try DescribeRequest(pid: 5, startTime: 7, wants: []).check(found)
        }
    }
}
