import Coordinate
import Testing

@Suite struct ProgressTests {
    // What changes a value cannot stand in an expectation by itself.
    private func beginScan(_ progress: inout Progress) -> Bool { progress.beginScan() }
    private func becomeReady(_ progress: inout Progress, hasLooked: Bool = true, now: UInt64 = 0) -> Bool {
        progress.becomeReady(hasLooked: hasLooked, now: now)
    }
    private func askForSearch(_ progress: inout Progress, hasLooked: Bool = true) -> UInt64? {
        progress.askForSearch(hasLooked: hasLooked)
    }
    private func searched(_ progress: inout Progress, _ question: UInt64) -> Bool {
        progress.searched(question: question)
    }

    private func following() -> Progress {
        var progress = Progress(followsTLS: true)
        progress.inspectorReady()
        progress.readerConfigured()
        _ = progress.beginScan()
        return progress
    }

    @Test func readyTakesBothHelpersAndALookAtAll() {
        var progress = Progress()
        #expect(beginScan(&progress) == false)
        progress.inspectorReady()
        #expect(beginScan(&progress) == false)
        progress.readerConfigured()
        #expect(becomeReady(&progress) == false)
        #expect(beginScan(&progress) == true)
        #expect(beginScan(&progress) == false)
        #expect(becomeReady(&progress, hasLooked: false) == false)
        #expect(becomeReady(&progress) == true)
        #expect(becomeReady(&progress) == false)
    }

    @Test func whoPassesContextsOnIsWaitedFor() {
        var progress = Progress(passesOn: true)
        progress.inspectorReady()
        progress.readerConfigured()
        #expect(beginScan(&progress) == true)
        #expect(becomeReady(&progress) == false)
        progress.attacherReady()
        progress.attacherLost()
        #expect(becomeReady(&progress) == false)
        progress.attacherReady()
        #expect(becomeReady(&progress) == true)
    }

    @Test func anInspectorThatGoesInBetweenIsWaitedFor() {
        var progress = Progress()
        progress.inspectorReady()
        progress.readerConfigured()
        _ = progress.beginScan()
        #expect(becomeReady(&progress, hasLooked: false) == false)
        progress.inspectorLost()
        #expect(becomeReady(&progress, hasLooked: false) == false)
        progress.inspectorReady()
        #expect(becomeReady(&progress, hasLooked: false) == false)
        #expect(becomeReady(&progress) == true)
    }

    @Test func anEventReaderThatGoesInBetweenIsWaitedFor() {
        var progress = Progress()
        progress.inspectorReady()
        progress.readerConfigured()
        _ = progress.beginScan()
        progress.readerLost()
        #expect(becomeReady(&progress) == false)
        progress.readerConfigured()
        #expect(becomeReady(&progress) == true)
    }

    @Test func theSearchIsWaitedFor() {
        var progress = following()
        #expect(askForSearch(&progress) == nil, "nobody can search")
        #expect(becomeReady(&progress) == false)
        progress.tlsAttacherReady()
        #expect(askForSearch(&progress, hasLooked: false) == nil)
        #expect(searched(&progress, 1) == false, "nobody has asked")
        #expect(askForSearch(&progress) == 1)
        #expect(askForSearch(&progress) == nil)
        #expect(becomeReady(&progress) == false)
        #expect(searched(&progress, 1) == true)
        #expect(becomeReady(&progress) == true && progress.search == .over)
        #expect(becomeReady(&progress) == false)
    }

    @Test func theSearchIsNotWaitedForTooLong() {
        var progress = following()
        #expect(becomeReady(&progress, hasLooked: false, now: 1) == false)
        #expect(becomeReady(&progress, now: 5) == false)
        // What is waited for longer than that begins anew.
        progress.inspectorLost()
        #expect(becomeReady(&progress, now: 6) == false)
        progress.inspectorReady()
        #expect(becomeReady(&progress, now: 7) == false)
        #expect(becomeReady(&progress, now: 6 + Progress.patience) == false)
        #expect(becomeReady(&progress, now: 7 + Progress.patience) == true && progress.search == .unattended)
        progress.tlsAttacherReady()
        #expect(askForSearch(&progress) == 1, "that it is over is to be said")
        #expect(searched(&progress, 1) == true)
    }

    @Test func theSearchBeginsAnewWithItsHelpers() {
        var progress = following()
        progress.tlsAttacherReady()
        #expect(askForSearch(&progress) == 1)
        progress.tlsAttacherLost()
        #expect(searched(&progress, 1) == false)
        #expect(becomeReady(&progress) == false)
        progress.tlsAttacherReady()
        #expect(askForSearch(&progress) == 2)
        #expect(searched(&progress, 1) == false, "it answers the question before")
        #expect(searched(&progress, 2) == true)
        progress.readerLost()
        progress.readerConfigured()
        #expect(becomeReady(&progress) == false)
        #expect(askForSearch(&progress) == 3)
    }

    /// Nobody waits for what will not come.
    @Test func theSearchIsNotWaitedForWhereThereIsNone() {
        var progress = following()
        progress.tlsAttacherReady()
        #expect(askForSearch(&progress) == 1)
        progress.tlsAttacherGivenUp()
        #expect(searched(&progress, 1) == false)
        #expect(becomeReady(&progress) == true && progress.search == .unavailable)
    }

    @Test func whereNoTLSIsFollowedNobodyIsAsked() {
        var progress = Progress()
        progress.inspectorReady()
        progress.readerConfigured()
        _ = progress.beginScan()
        progress.tlsAttacherReady()
        #expect(askForSearch(&progress) == nil && progress.search == .unwanted)
    }
}
