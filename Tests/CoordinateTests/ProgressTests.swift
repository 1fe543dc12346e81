import Coordinate
import Testing

@Suite struct ProgressTests {
    // What changes a value cannot stand in an expectation by itself.
    private func beginScan(_ progress: inout Progress) -> Bool { progress.beginScan() }
    private func becomeReady(_ progress: inout Progress, hasLooked: Bool = true) -> Bool {
        progress.becomeReady(hasLooked: hasLooked)
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
}
