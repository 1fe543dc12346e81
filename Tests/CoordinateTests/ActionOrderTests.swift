import Coordinate
import Discover
import Testing
import Wire

@Suite struct ActionOrderTests {
    private func steps(_ actions: [DiscoveryAction]) -> [ActionOrder.Step] {
        var order = ActionOrder(actions)
        var steps: [ActionOrder.Step] = []
        while let step = order.next() { steps.append(step) }
        return steps
    }

    private func add(_ pid: UInt32) -> SelectRequest.Change { .init(tgid: pid, action: .add) }
    private func remove(_ pid: UInt32) -> SelectRequest.Change { .init(tgid: pid, action: .remove) }
    private func confirm(_ pid: UInt32) -> DiscoveryAction { .describe(DescribeRequest(pid: pid, wants: [])) }

    @Test func aProcessIsDescribedBeforeItIsSelectedAndConfirmedAfterThat() {
        #expect(
            steps([.setResource(1, []), .select(1), confirm(1)])
                == [.perform(.setResource(1, [])), .select([add(1)]), .perform(confirm(1))])
    }

    @Test func oneRequestIsForManyProcesses() {
        let steps = steps(
            (1...100).flatMap { pid in [.setResource(pid, []), .select(pid), confirm(pid)] as [DiscoveryAction] })
        #expect(steps.prefix(100) == (1...100).map { .perform(.setResource($0, [])) }[...])
        #expect(steps[100] == .select((1...100).map(add)))
        #expect(steps.suffix(100) == (1...100).map { .perform(confirm($0)) }[...])
    }

    @Test func ofEachProcessTheOrderIsKept() {
        let actions: [DiscoveryAction] = [
            .deselect(1), .disown(1), .forget(2), .setResource(1, []), .select(1), .programChanged(1), .select(3),
        ]
        #expect(
            steps(actions) == [
                .perform(.forget(2)), .select([remove(1)]), .perform(.disown(1)), .perform(.setResource(1, [])),
                .select([add(1), add(3)]), .perform(.programChanged(1)),
            ])
    }

    @Test func aScanFollowsWhatWasSelected() {
        let scan = DiscoveryAction.scan(ScanRequest())
        #expect(
            steps([scan, .select(1), .select(2), scan])
                == [.perform(scan), .select([add(1), add(2)]), .perform(scan)])
    }

    @Test func aRequestTakesAsManyChangesAsFitOne() {
        let count = UInt32(SelectRequest.mostChanges)
        let steps = steps((0...count).flatMap { [.deselect($0), .forget($0)] as [DiscoveryAction] })
        #expect(steps.first == .select((0..<count).map(remove)))
        #expect(steps.dropFirst().prefix(Int(count)) == (0..<count).map { .perform(.forget($0)) }[...])
        #expect(steps.suffix(2) == [.select([remove(count)]), .perform(.forget(count))])
    }

    @Test func nothingIsLostOrDoneTwice() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let actions: [DiscoveryAction] = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                let pid = UInt32.random(in: 0..<5, using: &random)
                return [
                    .select(pid), .deselect(pid), .setResource(pid, []), .forget(pid), .disown(pid), confirm(pid),
                    .programChanged(pid), .scan(ScanRequest(afterPID: pid)), .notice(.overwhelmed),
                ].randomElement(using: &random) ?? .notice(.overwhelmed)
            }
            var done: [DiscoveryAction] = []
            for step in steps(actions) {
                switch step {
                case .perform(let action): done.append(action)
                case .select(let changes):
                    done += changes.map { $0.action == .add ? .select($0.tgid) : .deselect($0.tgid) }
                }
            }
            for pid in 0..<5 as Range<UInt32> {
                #expect(done.filter { $0.isOf(pid) } == actions.filter { $0.isOf(pid) })
            }
            #expect(done.count == actions.count)
        }
    }
}

extension DiscoveryAction {
    fileprivate func isOf(_ process: UInt32) -> Bool {
        switch self {
        case .describe(let request): request.pid == process
        case .select(let pid), .deselect(let pid), .programChanged(let pid), .setResource(let pid, _), .forget(let pid),
            .disown(let pid):
            pid == process
        case .scan, .notice: false
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct OutboxTests {
    @Test func allThatWaitsIsTakenAtOnce() async {
        let outbox = Outbox<Int>()
        outbox.post([1, 2])
        outbox.post([3])
        #expect(await outbox.next() == [1, 2, 3])
        outbox.post([4])
        outbox.finish()
        #expect(await outbox.next() == [4])
        #expect(await outbox.next() == nil)
    }

    @Test func whoWaitsIsWoken() async {
        let outbox = Outbox<Int>()
        async let all: [Int] = {
            var taken: [Int] = []
            while let items = await outbox.next() { taken += items }
            return taken
        }()
        for number in 0..<1000 {
            outbox.post([number])
            if number % 10 == 0 { await Task.yield() }
        }
        outbox.finish()
        #expect(await all == Array(0..<1000))
    }
}
