import LinuxSys
import Supervise
import Testing

@Suite(.timeLimit(.minutes(1))) struct StarterChannelTests {
    /// A starter that was stopped answers nothing, for which half a minute is waited.
    @Test func closingDoesNotWaitForAnAnswer() async throws {
        var pair = try ChannelPair()
        guard let own = pair.takeOwn(), let peer = pair.takePeer() else {
            Issue.record("no channel")
            return
        }
        let channel = try StarterChannel(own)
        let (outcomes, queue) = AsyncStream.makeStream(of: String.self)
        for number in 0..<2 {
            try BlockingThread.start(name: "asks \(number)") {
                do throws(StartFailure) {
                    _ = try channel.start(.processInspector, at: "/x")
                    queue.yield("started")
                } catch {
                    queue.yield("\(error)")
                }
            }
        }
        // One has asked, the other one waits until it may.
        var buffer = MessageBuffer(capacity: 64)
        guard case .message = try peer.receive(into: &buffer) else {
            Issue.record("no question")
            return
        }
        let before = ContinuousClock.now
        channel.close()
        #expect(ContinuousClock.now - before < .seconds(10))
        var said = outcomes.makeAsyncIterator()
        #expect(await said.next() == "it was told to leave")
        #expect(await said.next() == "it was told to leave")
        #expect(ContinuousClock.now - before < .seconds(10))
        #expect(throws: StartFailure.starter("it was told to leave")) {
            _ = try channel.start(.processInspector, at: "/x")
        }
    }
}
