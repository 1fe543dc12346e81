import CProbe
import Foundation
import LinuxSys
import Testing
import Wire

/// What an heir does with descriptors that are not what its predecessor entrusted: it has no privilege left, but it
/// does not read or write past its memory either. It leaves with 70 and one line, and no signal ends it.
@Suite(.enabled(if: Privileged.isPossible)) struct InheritanceTests {
    private static let ringBytes: UInt32 = 4096

    /// Hands descriptors to an heir.
    ///
    /// - Returns: how it ended, closed after its greeting if it had one.
    private func end(inheriting descriptors: [Int32]) throws -> (end: ChildEnd, lines: [String]) {
        var result: (ChildEnd, [String])?
        try Privileged.withHelper(.eventReader) { path in
            var heir = try HelperProcess(path, ["--hooks", "inherited", "--ring-bytes", String(Self.ringBytes)])
            try heir.send(Inheritance().encoded(), descriptors: descriptors)
            while let message = try heir.receive(), message.kind != .hello, message.kind != .log {}
            // Time to look into the ring, which it does every 20 ms.
            Thread.sleep(forTimeInterval: 0.1)
            result = try heir.end()
        }
        return try #require(result)
    }

    private func expectRefusal(
        _ descriptors: [Int32], says part: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let (end, lines) = try end(inheriting: descriptors)
        #expect(end == .exited(ExitCode.fault.rawValue), sourceLocation: sourceLocation)
        #expect(lines.count == 1 && lines[0].contains(part), "\(lines)", sourceLocation: sourceLocation)
    }

    @Test func whatWasEntrustedIsTaken() throws {
        let maps = try ServingHelper.maps(ringBytes: Self.ringBytes)
        try withExtendedLifetime(maps) {
            let (end, lines) = try end(inheriting: maps.map(\.number))
            #expect(end == .exited(0) && lines.isEmpty, "\(lines)")
        }
    }

    @Test func mapsInAnotherOrderAreRefused() throws {
        let maps = try ServingHelper.maps(ringBytes: Self.ringBytes)
        try withExtendedLifetime(maps) {
            let numbers = maps.map(\.number)
            for first in 0..<4 {
                for second in (first + 1)..<4 {
                    var swapped = numbers
                    swapped.swapAt(first, second)
                    try expectRefusal(swapped, says: "map \(first)")
                }
            }
        }
    }

    /// The kernel would copy more than there is room for, or read more than there is.
    @Test func mapsOfOtherSizesAreRefused() throws {
        let others = try [
            KernelObject(probe_map(27, 0, 0, Self.ringBytes * 2)), KernelObject(probe_map(2, 4, 65_536, 1)),
            KernelObject(probe_map(1, 4, 65_536, 4)), KernelObject(probe_map(6, 4, 16_384, 16)),
        ]
        let maps = try ServingHelper.maps(ringBytes: Self.ringBytes)
        try withExtendedLifetime((others, maps)) {
            for (index, other) in others.enumerated() {
                var numbers = maps.map(\.number)
                numbers[index] = other.number
                try expectRefusal(numbers, says: "map \(index)")
            }
        }
    }

    @Test func whatIsNoMapIsRefused() throws {
        let maps = try ServingHelper.maps(ringBytes: Self.ringBytes)
        let program = try KernelObject(probe_ring_writer(maps[0].number, 64, 0, 0))
        let path = "/var/tmp/hilo-test-\(UUID().uuidString)"
        let memory = try KernelObject(open(path, O_RDWR | O_CREAT | O_EXCL, 0o600))
        unlink(path)
        let nothing = try KernelObject(open("/dev/zero", O_RDWR))
        try #require(ftruncate(memory.number, 1 << 20) == 0)
        try withExtendedLifetime((maps, program, memory, nothing)) {
            for stranger in [program.number, memory.number, nothing.number] {
                for index in 0..<4 {
                    var numbers = maps.map(\.number)
                    numbers[index] = stranger
                    try expectRefusal(numbers, says: "map \(index)")
                }
            }
        }
    }

    /// Whoever holds the ring can write to the page that says how far it was read.
    @Test(arguments: [(4, "place in the ring"), (8, "record in the ring")])
    func aPlaceWhereNoRecordBegins(_ place: UInt, _ part: String) throws {
        let maps = try ServingHelper.maps(ringBytes: Self.ringBytes)
        // Taken for a header, the second word of the record is a length that fits a message and not the ring.
        let writer = try KernelObject(probe_ring_writer(maps[0].number, 64, 60_000, 0))
        try #require(probe_run(writer.number) == 0)
        let page = try #require(mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, maps[0].number, 0))
        try #require(page != MAP_FAILED)
        defer { munmap(page, 4096) }
        page.storeBytes(of: place, as: UInt.self)
        try withExtendedLifetime(maps) {
            try expectRefusal(maps.map(\.number), says: part)
        }
    }
}
