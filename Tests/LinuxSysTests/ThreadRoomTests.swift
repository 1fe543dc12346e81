import LinuxSys
import Testing

@Suite struct ThreadRoomTests {
    @Test func thereIsRoomForSome() {
        #expect(ThreadRoom.processors >= 1)
        #expect(ThreadRoom.count(upTo: 20) == 20)
        #expect(ThreadRoom.count(upTo: 0) == 0)
    }

    /// A process can address 128 TiB on x86-64, 256 on arm64.
    @Test func whatTheKernelRefusesIsNotCounted() {
        #expect(ThreadRoom.count(upTo: 8, stackBytes: 60 << 40) < 8)
        #expect(ThreadRoom.count(upTo: 1, stackBytes: 256 << 40) == 0)
    }
}
