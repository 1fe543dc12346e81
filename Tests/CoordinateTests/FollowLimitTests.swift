import Coordinate
import LinuxSys
import Testing
import Wire

/// What one traced process may have of the follower's time, its log, and what all processes share.
@Suite struct FollowLimitTests {
    private let start = ContinuousClock.now

    // MARK: - Files

    private func file(_ inode: UInt64, device: UInt64 = 1) -> FileStatus.Identity {
        FileStatus.Identity(device: device, inode: inode)
    }

    @Test func aFileIsAttachedToOnce() {
        var attachments = Attachments<Int>(most: 100)
        #expect(attachments.room(for: file(5), of: 1) == .free)
        attachments.add([1, 2], to: file(5), of: 1)
        #expect(attachments.room(for: file(5), of: 1) == .taken)
        #expect(attachments.room(for: file(5, device: 2), of: 1) == .free)
        #expect(attachments.room(for: file(5), of: 2) == .free, "each process has links of its own")
        #expect(attachments.count == 1)
    }

    @Test func oneProcessTakesNoMoreThanItsShare() {
        var attachments = Attachments<Int>(most: 12)
        for inode in 1...8 as ClosedRange<UInt64> {
            #expect(attachments.room(for: file(inode), of: 1) == .free)
            attachments.add([0, 0], to: file(inode), of: 1)
        }
        #expect(attachments.room(for: file(9), of: 1) == .fullOfProcess)
        for pid in 2...5 as ClosedRange<UInt32> {
            #expect(attachments.room(for: file(1), of: pid) == .free)
            attachments.add([0, 0], to: file(1), of: pid)
        }
        #expect(attachments.room(for: file(1), of: 6) == .full && attachments.count == 12)
        #expect(attachments.remove(1).count == 16 && attachments.count == 4)
        #expect(attachments.remove(1).isEmpty && attachments.count == 4)
        #expect(attachments.room(for: file(1), of: 6) == .free)
        #expect(attachments.removeAll().count == 8 && attachments.count == 0)
    }

    @Test(
        arguments: [(256, 0), (255, 0), (0, 0), (258, 1), (1024, 384), (4096, 1000), (.max, 1000)]
            as [(UInt64, Int)])
    func filesThatThereAreDescriptorsFor(_ descriptors: UInt64, _ files: Int) {
        #expect(AttachmentLimit.files(descriptors: descriptors, needed: 256) == files)
    }

    @Test func aFileThatDoesNotAnswerOneProcessIsSearchedForOthers() {
        var unsearched = UnsearchedFiles<Int>()
        for _ in 0..<5 { unsearched.isLate(1, of: 100, at: start) }
        unsearched.isLate(1, of: 101, at: start)
        #expect(!unsearched.contains(1, at: start))
        unsearched.isLate(1, of: 102, at: start)
        #expect(unsearched.contains(1, at: start) && !unsearched.contains(2, at: start))
    }

    @Test func lateFilesAreSearchedAgain() {
        var unsearched = UnsearchedFiles<Int>()
        for pid in 1...3 as ClosedRange<UInt32> { unsearched.isLate(1, of: pid, at: start) }
        #expect(unsearched.contains(1, at: start + .seconds(599)) && !unsearched.contains(1, at: start + .seconds(600)))
        unsearched.isLate(1, of: 4, at: start + .seconds(601))
        #expect(!unsearched.contains(1, at: start + .seconds(601)), "it takes several again")
        for pid in 5...6 as ClosedRange<UInt32> { unsearched.isLate(1, of: pid, at: start + .seconds(602)) }
        #expect(unsearched.contains(1, at: start + .seconds(602)))
        unsearched.hasAnswered(1)
        #expect(!unsearched.contains(1, at: start + .seconds(602)))
    }

    @Test func filesAreForgottenRatherThanGathered() {
        var unsearched = UnsearchedFiles<Int>(most: 8)
        for file in 1...8 { unsearched.add(file) }
        #expect((1...8).allSatisfy { unsearched.contains($0, at: start) })
        unsearched.add(9)
        #expect(!unsearched.contains(8, at: start) && unsearched.contains(9, at: start))
        for pid in 1...2 as ClosedRange<UInt32> { unsearched.isLate(11, of: pid, at: start) }
        for file in 12...19 { unsearched.isLate(file, of: 1, at: start) }
        unsearched.isLate(11, of: 3, at: start)
        #expect(!unsearched.contains(11, at: start), "what was late first was forgotten")
    }

    // MARK: - Questions

    @Test func theAttacherIsNotAskedTooOften() {
        var pace = AttachPace()
        var now = start
        var asked: [ContinuousClock.Instant] = []
        for round in 0..<500 {
            now += pace.take(at: now)
            asked.append(now)
            // It answers at once, or takes its time.
            if round % 3 == 0 { now += .milliseconds(round % 50) }
        }
        for (first, next) in zip(asked, asked.dropFirst(AttachPace.mostPerSecond)) {
            #expect(next - first >= .seconds(1))
        }
        #expect(asked[AttachPace.mostPerSecond - 1] - start < .seconds(1), "a few come at once")
    }

    /// One question may have arrived as late as the next one was asked: the helper counts one more in a second.
    @Test func whatTheHelperCountsStaysBelowItsLimit() {
        guard case .atMostPerSecond(let most) = MessageKind.attach.rule.frequency else {
            Issue.record("there is no limit")
            return
        }
        #expect(AttachPace.mostPerSecond + 1 < most)
    }

    // MARK: - Lines

    @Test func linesAreHeldBackAndCounted() {
        var gate = LineGate(most: 3, interval: .seconds(30))
        let first = (0..<10).map { gate.admit(at: start + .milliseconds($0)) }
        #expect(first == [0, 0, 0] + Array(repeating: nil, count: 7))
        #expect(gate.admit(at: start + .seconds(29)) == nil)
        #expect(gate.admit(at: start + .seconds(31)) == 8)
        #expect(gate.admit(at: start + .seconds(32)) == nil)
        let later = (0..<4).map { gate.admit(at: start + .seconds(1000 + $0)) }
        #expect(later == [1, 0, 0, nil])
    }
}
