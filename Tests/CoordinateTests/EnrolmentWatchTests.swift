import BPFABI
import Coordinate
import Testing

/// A host whose calls fail as it is said, looked at once a second.
private struct Host {
    var watch = EnrolmentWatch()
    var now: UInt64 = 0
    private var values: [hilo_counter: UInt64] = [:]

    /// Calls a second, and the share that fails, or is sent again.
    struct Second {
        var calls: UInt64 = 100
        var enrolled = 0.0
        var withheld = 0.0
        var resent = 0.0
    }

    mutating func pass(_ second: Second) -> EnrolmentWatch.Event? {
        let enrolled: UInt64
        switch watch.enrolling {
        case HILO_ENROLLING_ALL: enrolled = second.calls
        case HILO_ENROLLING_HALF: enrolled = second.calls / 2
        default: enrolled = 0
        }
        let withheld = watch.enrolling == HILO_ENROLLING_HALF ? second.calls - enrolled : 0
        values[HILO_COUNT_CALLS_ENROLLED, default: 0] += enrolled
        values[HILO_COUNT_CALLS_ENROLLED_FAILED, default: 0] += UInt64(Double(enrolled) * second.enrolled)
        values[HILO_COUNT_CALLS_ENROLLED_RESENT, default: 0] += UInt64(Double(enrolled) * second.resent)
        values[HILO_COUNT_CALLS_WITHHELD, default: 0] += withheld
        values[HILO_COUNT_CALLS_WITHHELD_FAILED, default: 0] += UInt64(Double(withheld) * second.withheld)
        now += 1_000_000_000
        return watch.take(counters(values.map { ($0.key, $0.value) }), now: now)
    }

    /// What happened in so many seconds, and in which.
    mutating func pass(_ seconds: Int, _ second: Second) -> [String] {
        (1...seconds).compactMap { number in
            switch pass(second) {
            case nil: nil
            case .tries: "\(number) tries"
            case .acquits: "\(number) acquits"
            case .stops: "\(number) stops"
            }
        }
    }
}

@Suite struct EnrolmentWatchTests {
    // What changes a value cannot stand in an expectation by itself.
    private func happenings(_ parts: (Int, Host.Second)...) -> [String] {
        var host = Host()
        _ = host.pass(Host.Second(calls: 0))
        return parts.flatMap { host.pass($0.0, $0.1) }
    }

    @Test func callsThatSucceedAreNoMatter() {
        #expect(happenings((1000, Host.Second())) == [])
        #expect(happenings((1000, Host.Second(calls: 100_000, enrolled: 0.01, withheld: 0.01))) == [])
        #expect(happenings((1000, Host.Second(calls: 0))) == [])
    }

    @Test func harmIsFoundOutWithinSeconds() {
        #expect(happenings((20, Host.Second(enrolled: 1))) == ["1 tries", "2 stops"])
        #expect(happenings((20, Host.Second(calls: 20_000, enrolled: 0.06))) == ["1 tries", "2 stops"])
        #expect(happenings((20, Host.Second(calls: 20, enrolled: 1))) == ["1 tries", "3 stops"])
        #expect(happenings((20, Host.Second(enrolled: 0.5, withheld: 0.1))) == ["1 tries", "2 stops"])
        #expect(happenings((300, Host.Second()), (20, Host.Second(enrolled: 1))) == ["1 tries", "2 stops"])
        #expect(happenings((20, Host.Second(resent: 1))) == ["1 tries", "2 stops"])
    }

    @Test func afterwardsNothingIsEnrolledForGood() {
        var host = Host()
        _ = host.pass(5, Host.Second(enrolled: 1))
        #expect(host.watch.enrolling == HILO_ENROLLING_NONE)
        let later = host.pass(5000, Host.Second())
        #expect(later == [])
        #expect(host.watch.enrolling == HILO_ENROLLING_NONE)
    }

    @Test func whatFailsAnywayIsAcquitted() {
        var host = Host()
        let first = host.pass(100, Host.Second(enrolled: 0.5, withheld: 0.5))
        #expect(first == ["2 tries", "3 acquits"])
        #expect(host.watch.enrolling == HILO_ENROLLING_ALL)
        // It fails still, and no more than that.
        let later = host.pass(5000, Host.Second(enrolled: 0.5, withheld: 0.5))
        #expect(later == [])
        // More of it, and then less of it and more again.
        let more = host.pass(100, Host.Second(enrolled: 0.9, withheld: 0.9))
        #expect(more == ["1 tries", "2 acquits"])
        _ = host.pass(100, Host.Second())
        let again = host.pass(10, Host.Second(enrolled: 0.5, withheld: 0))
        #expect(again == ["1 tries", "2 stops"])
    }

    @Test func trialsBecomeRare() {
        var (host, trials) = (Host(), 0)
        for _ in 0..<1000 {
            trials += host.pass(10, Host.Second(enrolled: 0.5, withheld: 0.5)).filter { $0.hasSuffix("tries") }.count
            trials += host.pass(20, Host.Second()).filter { $0.hasSuffix("tries") }.count
        }
        #expect(trials > 10 && trials < 26)
    }

    @Test func fewCallsAreNoProof() {
        // Three a second: trouble is seen, and in ten seconds there are not calls enough to compare.
        #expect(happenings((15, Host.Second(calls: 3, enrolled: 1))) == ["4 tries", "14 acquits"])
        // A difference that is soon too large for chance, and one that ten seconds do not tell from it.
        let some = happenings((15, Host.Second(calls: 44, enrolled: 0.5, withheld: 0.3)))
        #expect(some == ["1 tries", "8 stops"])
        let few = happenings((14, Host.Second(calls: 8, enrolled: 0.5, withheld: 0.25)))
        #expect(few == ["3 tries", "13 acquits"])
    }
}
