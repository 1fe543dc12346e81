import LinuxSys
import Testing
import Wire

/// Every message as bytes, each field named.
@Suite struct GoldenMessageTests {
    @Test func hello() throws {
        try expectGolden(
            Hello(
                abiVersion: 7, helper: .eventReader,
                capabilities: Capabilities(
                    effective: CapabilitySet(rawValue: 1), permitted: CapabilitySet(rawValue: 2),
                    inheritable: CapabilitySet(rawValue: 3), bounding: CapabilitySet(rawValue: 4),
                    ambient: CapabilitySet(rawValue: 0x0102_0304_0506_0708)),
                probed: [Fact("hooks", "tp")]),
            id: 0,
            """
            0500 0001 00000000 3a000000 00 000000
            07000000 02
            0100000000000000 0200000000000000 0300000000000000 0400000000000000 0807060504030201
            0100 0500 686f6f6b73 0200 7470
            """)
    }

    @Test func log() throws {
        try expectGolden(
            LogMessage(level: .warning, message: "Hé", facts: [Fact("a", ""), Fact("", "b")]), id: 0,
            """
            0500 0201 00000000 12000000 00 000000
            04 0300 48c3a9 0200 0100 61 0000 0000 0100 62
            """)
    }

    @Test func declined() throws {
        try expectGolden(
            Declined(.refused, errno: -2, text: "no"), id: 9,
            "0500 0100 09000000 0a000000 00 000000  0200 feffffff 0200 6e6f")
    }

    @Test func scan() throws {
        try expectGolden(
            ScanRequest(afterPID: 0x0102_0304), id: 1, "0500 1000 01000000 04000000 00 000000  04030201")
        try expectGolden(
            ScanReply(
                processes: [ProcessInstance(pid: 1, startTime: 2), ProcessInstance(pid: 3, startTime: 4)], more: true),
            id: 1,
            """
            0500 1100 01000000 1d000000 00 000000
            02000000  01000000 0200000000000000  03000000 0400000000000000  01
            """)
    }

    @Test func describe() throws {
        try expectGolden(
            DescribeRequest(pid: 5, startTime: 6, wants: [.ports, .environment]), id: 0xFFFF_FFFF,
            "0500 1200 ffffffff 0d000000 00 000000  05000000 0600000000000000 03")
        try expectGolden(
            ProcessDescription(
                process: ProcessInstance(pid: 5, startTime: 6), parentPID: 1, uid: 1000, executable: "/x",
                commandLine: [0x78, 0], cgroup: [0x2F], command: "x", listeningPorts: [80, 8080], serviceName: "s",
                resourceAttributes: nil, notes: [.commandLineTruncated]),
            id: 2,
            """
            0500 1300 02000000 2e000000 00 000000
            05000000 0600000000000000 01000000 e8030000
            0200 2f78  0200 7800  0100 2f  0100 78
            0200 5000 901f  01 0100 73  00  08
            """)
    }

    @Test func configure() throws {
        let settings = (0..<ConfigureRequest.size).map { UInt8(truncatingIfNeeded: $0) }
        let message = try ConfigureRequest(settings: settings).encoded(id: 3)
        #expect(message == bytes("0500 2000 03000000 18200000 00 000000") + settings)
        #expect(try decode(ConfigureRequest.self, message).settings == settings)
        #expect(throws: WireError.truncated) {
            try decode(ConfigureRequest.self, withLength(Array(message.dropLast())))
        }
        #expect(throws: WireError.trailing(1)) { try decode(ConfigureRequest.self, withLength(message + [0])) }
        #expect(throws: WireError.badValue("settings")) { try ConfigureRequest(settings: []).encoded(id: 3) }
        try expectGolden(ConfigureReply(), id: 3, "0500 2100 03000000 00000000 00 000000")
    }

    @Test func select() throws {
        try expectGolden(
            SelectRequest([.init(tgid: 10, action: .add), .init(tgid: 11, action: .remove)]), id: 4,
            "0500 2200 04000000 0e000000 00 000000  02000000 0a000000 01 0b000000 00")
        try expectGolden(SelectReply(full: 1), id: 4, "0500 2300 04000000 04000000 00 000000  01000000")
    }

    @Test func whatOutlivesAnEventReader() throws {
        try expectGolden(CaptureMaps(links: 6, shared: 2), id: 0, "0500 0601 00000000 04000000 04 000000  0600 0200")
        try expectGolden(CaptureLink(program: "p"), id: 0, "0500 0801 00000000 03000000 01 000000  0100 70")
        try expectGolden(Inheritance(), id: 0, "0500 0a01 00000000 00000000 04 000000")
        #expect(throws: WireError.badValue("links")) {
            try decode(CaptureMaps.self, bytes("0500 0601 00000000 04000000 04 000000  4100 0000"))
        }
        #expect(throws: WireError.badValue("shared")) {
            try decode(CaptureMaps.self, bytes("0500 0601 00000000 04000000 04 000000  0000 2100"))
        }
    }

    @Test func whatATcAttacherWorksOn() throws {
        try expectGolden(SharedMap(name: "m"), id: 0, "0500 0c01 00000000 03000000 01 000000  0100 6d")
        try expectGolden(Loan(name: "m", left: 3), id: 0, "0500 0e01 00000000 05000000 01 000000  0100 6d 0300")
        let named = { (length: UInt8) in
            let name = [UInt8](repeating: 0x6d, count: Int(length))
            return withLength(bytes("0500 0c01 00000000 00000000 01 000000") + [length, 0] + name)
        }
        #expect(try decode(SharedMap.self, named(64)).name.utf8.count == 64)
        #expect(throws: WireError.tooLong) { try decode(SharedMap.self, named(65)) }
        #expect(throws: WireError.badValue("left")) {
            try decode(Loan.self, bytes("0500 0e01 00000000 05000000 01 000000  0100 6d 2100"))
        }
    }

    @Test func whatFollowsTLS() throws {
        try expectGolden(
            LibraryRequest(ProcessInstance(pid: 5, startTime: 6), index: 2), id: 7,
            "0500 1400 07000000 0d000000 00 000000  05000000 0600000000000000 02")
        try expectGolden(
            LibraryReply(path: "/l", left: 1), id: 7, "0500 1500 07000000 05000000 01 000000  0200 2f6c 01")
        try expectGolden(AttachRequest(process: 5), id: 7, "0500 3000 07000000 04000000 01 000000  05000000")
        try expectGolden(AttachReply(functions: 9), id: 7, "0500 3100 07000000 01000000 02 000000  09")
        for none in ["00000000", "00000080"] {
            #expect(throws: WireError.badValue("process")) {
                try decode(AttachRequest.self, bytes("0500 3000 07000000 04000000 01 000000  " + none))
            }
        }
    }

    @Test func count() throws {
        try expectGolden(CountRequest(), id: 5, "0500 2400 05000000 00000000 00 000000")
        try expectGolden(
            CountReply(counters: (0..<45).map { $0 }), id: 5,
            "0500 2500 05000000 68010000 00 000000"
                + (0..<45).map {
                    "\(String($0, radix: 16).count == 1 ? "0" : "")\(String($0, radix: 16))00000000000000"
                }.joined())
        #expect(throws: WireError.badValue("counters")) { try CountReply(counters: [1]).encoded(id: 5) }
    }
}
