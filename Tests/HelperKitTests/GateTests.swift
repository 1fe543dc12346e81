import HelperKit
import Testing
import Wire

@Suite struct GateTests {
    private let second: UInt64 = 1_000_000_000

    @Test func onlyTheHelpersOwnRequests() throws {
        var gate = Gate(requests: [.scan, .describe])
        try gate.admit(.scan, now: 0)
        try gate.admit(.describe, now: 0)
        for kind in MessageKind.allCases where kind != .scan && kind != .describe {
            #expect(throws: Gate.Refusal.notOfThisHelper(kind)) { try gate.admit(kind, now: 0) }
        }
    }

    @Test func whatIsNoRequestIsNeverAdmitted() {
        var gate = Gate(requests: MessageKind.allCases)
        for kind in MessageKind.allCases where !kind.isRequest {
            #expect(throws: Gate.Refusal.notOfThisHelper(kind)) { try gate.admit(kind, now: 0) }
        }
    }

    @Test func selectingComesAfterAnAcceptedConfigure() throws {
        var gate = Gate(requests: [.configure, .select, .count])
        try gate.admit(.count, now: 0)
        #expect(throws: Gate.Refusal.outOfPhase(.select)) { try gate.admit(.select, now: 0) }
        // Asked, but declined.
        try gate.admit(.configure, now: 0)
        #expect(throws: Gate.Refusal.outOfPhase(.select)) { try gate.admit(.select, now: 0) }
        try gate.admit(.configure, now: 0)
        gate.accepted(.configure)
        try gate.admit(.select, now: 0)
    }

    @Test func noMoreThanAllowedInAnySecond() throws {
        var gate = Gate(requests: [.configure, .scan])
        for round in 0..<3 as Range<UInt64> {
            let start = round * second
            for step in 0..<10 as Range<UInt64> { try gate.admit(.configure, now: start + step) }
            #expect(throws: Gate.Refusal.tooOften(.configure)) { try gate.admit(.configure, now: start + second - 1) }
        }
        for _ in 0..<100_000 { try gate.admit(.scan, now: 0) }
    }

    /// Each has every fork on the host wait for a moment.
    @Test func attachingIsLimited() throws {
        var gate = Gate(requests: [.attach])
        for step in 0..<50 as Range<UInt64> { try gate.admit(.attach, now: step) }
        #expect(throws: Gate.Refusal.tooOften(.attach)) { try gate.admit(.attach, now: second - 1) }
        try gate.admit(.attach, now: second)
    }

    @Test func refusalsSayWhat() {
        #expect(Gate.Refusal.tooOften(.configure).description == "configure came too often (at most 10 a second)")
        #expect(Gate.Refusal.outOfPhase(.select).description == "select came out of phase")
        #expect(Gate.Refusal.notOfThisHelper(.hello).description == "hello is no request that this helper answers")
    }
}
