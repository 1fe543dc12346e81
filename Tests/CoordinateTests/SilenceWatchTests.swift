import BPFABI
import Coordinate
import Testing

@Suite struct SilenceWatchTests {
    private let minute = SilenceWatch.patience

    private func overdue(_ watch: inout SilenceWatch, now: UInt64) -> [String] {
        watch.overdue(now: now).map(\.service)
    }

    @Test func aSilentServiceIsNamedOnce() {
        var watch = SilenceWatch()
        watch.traced(1, service: "a", now: 0)
        watch.traced(2, service: "b", now: 0)
        watch.heard([2])
        #expect(overdue(&watch, now: minute - 1) == [])
        let found = watch.overdue(now: minute)
        #expect(found.map(\.service) == ["a"])
        #expect(found.map(\.process) == [1])
        #expect(overdue(&watch, now: 10 * minute) == [])
    }

    @Test func oneProcessSpeaksForItsService() {
        var watch = SilenceWatch()
        watch.traced(1, service: "a", now: 0)
        watch.traced(2, service: "a", now: 0)
        watch.heard([2])
        #expect(overdue(&watch, now: minute) == [])
    }

    @Test func whoIsGoneIsNotSilent() {
        var watch = SilenceWatch()
        watch.traced(1, service: "a", now: 0)
        watch.forget(1)
        #expect(overdue(&watch, now: minute) == [])
        #expect(watch.countOfProcesses == 0)
        // And who comes again has its own minute.
        watch.traced(1, service: "a", now: minute)
        #expect(overdue(&watch, now: minute + 1) == [])
        #expect(overdue(&watch, now: 2 * minute).count == 1)
    }

    @Test func aProcessCanBecomeAnotherService() {
        var watch = SilenceWatch()
        watch.traced(1, service: "sh", now: 0)
        watch.traced(1, service: "curl", now: 1)
        #expect(watch.countOfProcesses == 1)
        #expect(overdue(&watch, now: minute + 1) == ["curl"])
    }

    /// A process can execute itself under another name four times a second.
    @Test func namesThatNobodyHasAnyMoreGoFirst() {
        var watch = SilenceWatch()
        watch.traced(1, service: "silent", now: 0)
        watch.traced(2, service: "heard", now: 0)
        watch.heard([2])
        for number in 0..<3 * SilenceWatch.mostServices {
            watch.traced(3, service: "name \(number)", now: 0)
            watch.heard([3])
        }
        #expect(watch.countOfServices == SilenceWatch.mostServices)
        #expect(watch.countOfProcesses == 3)
        #expect(overdue(&watch, now: minute) == ["silent"])
    }

    @Test func aServiceWithoutRoomIsCountedAndNotWatched() {
        var watch = SilenceWatch()
        for number in 0..<SilenceWatch.mostServices { watch.traced(UInt32(number), service: "\(number)", now: 0) }
        watch.traced(100_000, service: "one more", now: 0)
        #expect(watch.countOfServices == SilenceWatch.mostServices)
        #expect(watch.countOfProcesses == SilenceWatch.mostServices + 1)
        watch.forget(7)
        watch.traced(100_000, service: "one more", now: 0)
        let names = overdue(&watch, now: minute)
        #expect(names.count == SilenceWatch.mostServices)
        #expect(names.contains("one more") && !names.contains("7"))
        #expect(names == names.sorted())
    }

    @Test func theReasonIsGuessedFromWhatWasCounted() {
        #expect(SilenceWatch.guess(counters([(HILO_COUNT_UNSAMPLED, 5)])).contains("sampler"))
        #expect(SilenceWatch.guess(counters([(HILO_COUNT_NO_USER_BUFFER, 5)])).contains("io_uring"))
        #expect(SilenceWatch.guess(counters([(HILO_COUNT_FRAMING_LOST, 5)])).contains("protocol"))
        #expect(SilenceWatch.guess(KernelCounters()).contains("TLS"))
    }

    @Test func lossesAreWhatCameSince() {
        let before = counters([(HILO_COUNT_RING_FULL, 5), (HILO_COUNT_ATTEMPTED, 100)])
        let after = counters([(HILO_COUNT_RING_FULL, 7), (HILO_COUNT_ATTEMPTED, 20)])
        let since = after.since(before)
        #expect(since[HILO_COUNT_RING_FULL] == 2)
        #expect(since[HILO_COUNT_ATTEMPTED] == 20)
    }
}
