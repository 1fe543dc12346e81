import Export
import Testing

@Suite final class ExportHealthTests {
    private let start = ContinuousClock.now
    private var health = ExportHealth()

    private func at(_ seconds: Int) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func note(
        _ outcome: DeliveryOutcome, _ reason: String = "", _ message: String = "", lost: (UInt64, UInt64) = (0, 0),
        at now: Int
    ) -> ExportHealth.Notice? {
        health.note(outcome, reason: reason, message: message, lostBefore: lost.0, lost: lost.1, now: at(now))
    }

    private func note(overflow total: UInt64, at now: Int) -> ExportHealth.Notice? {
        health.note(overflow: total, now: at(now))
    }

    @Test func troubleIsSaidOnceAndItsEndOnce() {
        #expect(note(.delivered(rejected: 0), at: 0) == nil)
        #expect(
            note(.failed(retryAfter: nil), "refused", lost: (5, 5), at: 10) == .failing(reason: "refused", message: ""))
        for now in 11...500 { #expect(note(.failed(retryAfter: nil), "timeout", lost: (5, 9), at: now) == nil) }
        #expect(note(.delivered(rejected: 0), lost: (25, 25), at: 510) == .recovered(after: .seconds(500), lost: 20))
        #expect(note(.delivered(rejected: 0), lost: (25, 25), at: 511) == nil)
    }

    @Test func whatTheFirstFailureCostIsCounted() {
        #expect(
            note(.refused, "HTTP 401", "who?", lost: (0, 4), at: 0) == .refusing(reason: "HTTP 401", message: "who?"))
        #expect(note(.refused, "HTTP 401", lost: (4, 8), at: 1) == nil)
        #expect(note(.delivered(rejected: 0), lost: (8, 8), at: 2) == .recovered(after: .seconds(2), lost: 8))
    }

    @Test func anotherKindOfTroubleIsNews() {
        #expect(note(.failed(retryAfter: nil), "reset", lost: (0, 0), at: 0) != nil)
        #expect(note(.refused, "HTTP 401", lost: (0, 4), at: 1) == .refusing(reason: "HTTP 401", message: ""))
        #expect(note(.refused, "HTTP 404", lost: (4, 8), at: 70) == .refusing(reason: "HTTP 404", message: ""))
        #expect(note(.delivered(rejected: 0), lost: (8, 8), at: 90) == .recovered(after: .seconds(90), lost: 8))
    }

    @Test func anotherReasonOfARefusalIsNews() {
        #expect(note(.refused, "HTTP 400", at: 0) == .refusing(reason: "HTTP 400", message: ""))
        #expect(note(.refused, "HTTP 400", at: 1) == nil)
        #expect(note(.refused, "HTTP 401", at: 2) == .refusing(reason: "HTTP 401", message: ""))
        #expect(note(.refused, "HTTP 401", at: 3) == nil)
    }

    @Test func reasonsThatChangeAllTheTimeDoNotFillTheLog() {
        let said = (0..<600).compactMap { note(.refused, "HTTP \(400 + $0 % 7)", at: $0) }
        #expect((10...42).contains(said.count))
    }

    /// A collector that comes and goes every second must not fill the log, and one that then stays away must show.
    @Test func flappingIsSaidOnceAMinute() {
        var said = 0
        for now in 0...590 {
            let isDown = now % 2 == 0
            if note(isDown ? .failed(retryAfter: nil) : .delivered(rejected: 0), "reset", at: now) != nil { said += 1 }
        }
        #expect((18...22).contains(said))
        #expect(note(.failed(retryAfter: nil), "reset", at: 591) == nil)
        let late = (592...700).compactMap { note(.failed(retryAfter: nil), "reset", at: $0) }
        #expect(late == [.failing(reason: "reset", message: "")])
    }

    @Test func aCollectorsRemarkIsSaidWhenItChanges() {
        #expect(note(.delivered(rejected: 2), "", "a", at: 0) == .partial(rejected: 2, message: "a"))
        #expect(note(.delivered(rejected: 3), "", "a", at: 100) == nil)
        #expect(note(.delivered(rejected: 0), "", "b", at: 200) == .partial(rejected: 0, message: "b"))
        #expect(note(.delivered(rejected: 1), "", "c", at: 210) == nil, "too soon")
        #expect(note(.delivered(rejected: 1), "", "c", at: 270) == .partial(rejected: 1, message: "c"))
        #expect(note(.delivered(rejected: 1), "", "", at: 400) == .partial(rejected: 1, message: ""))
        #expect(note(.delivered(rejected: -1), "", "d", at: 500) == .partial(rejected: 0, message: "d"))
    }

    /// After which nothing is sent for so long, that the next failure would say it too late.
    @Test func aLongPauseIsSaidInTheMiddleOfTrouble() {
        #expect(note(.failed(retryAfter: nil), "HTTP 503", at: 0) != nil)
        #expect(note(.failed(retryAfter: .seconds(20)), "HTTP 429: 20", at: 10) == nil)
        #expect(
            note(.failed(retryAfter: .seconds(3600)), "HTTP 429: 3600", at: 30)
                == .failing(reason: "HTTP 429: 3600", message: ""))
        #expect(note(.failed(retryAfter: .seconds(3600)), "HTTP 429: 3600", at: 31) == nil)
        #expect(note(.delivered(rejected: 0), at: 32) == .recovered(after: .seconds(32), lost: 0))
        #expect(note(.failed(retryAfter: .seconds(600)), "HTTP 429: 600", at: 33) != nil)
    }

    @Test func whatIsGivenUpForItsAgeIsSaidOnceAMinuteWithWhatCameSince() {
        func note(_ total: UInt64, at now: Int) -> ExportHealth.Notice? { health.note(expired: total, now: at(now)) }
        #expect(note(0, at: 0) == nil)
        #expect(note(5, at: 1) == .expired(lost: 5))
        #expect(note(50, at: 30) == nil)
        #expect(note(70, at: 61) == .expired(lost: 65))
        #expect(note(70, at: 500) == nil)
    }

    @Test func aFullQueueIsSaidOnceAMinuteWithWhatCameSince() {
        #expect(note(overflow: 0, at: 0) == nil)
        #expect(note(overflow: 5, at: 1) == .overflow(lost: 5))
        #expect(note(overflow: 50, at: 30) == nil)
        #expect(note(overflow: 70, at: 61) == .overflow(lost: 65))
        #expect(note(overflow: 70, at: 500) == nil)
    }
}
