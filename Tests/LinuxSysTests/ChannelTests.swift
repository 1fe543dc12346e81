import Foundation
import LinuxSys
import Testing

@Suite struct ChannelTests {
    /// Both ends, and a closure over them.
    private func withPair(_ body: (borrowing Channel, borrowing Channel) throws -> Void) throws {
        var pair = try ChannelPair()
        guard let own = pair.takeOwn(), let peer = pair.takePeer() else {
            Issue.record("a new pair has both ends")
            return
        }
        try body(own, peer)
    }

    @Test func messagesKeepTheirBoundaries() throws {
        try withPair { own, peer in
            try own.send([1, 2, 3])
            try own.send([4])
            try own.send([UInt8](repeating: 5, count: 65_536))
            var buffer = MessageBuffer()
            #expect(try peer.receive(into: &buffer) == .message)
            buffer.withBytes { #expect(Array($0) == [1, 2, 3]) }
            #expect(try peer.receive(into: &buffer) == .message)
            buffer.withBytes { #expect(Array($0) == [4]) }
            #expect(try peer.receive(into: &buffer) == .message)
            let count = buffer.count
            #expect(count == 65_536)
            #expect(try peer.receive(into: &buffer, waiting: false) == .nothing)
        }
    }

    @Test func aMessageThatDoesNotFitIsAnError() throws {
        try withPair { own, peer in
            try own.send([1, 2, 3])
            try own.send([4])
            var buffer = MessageBuffer(capacity: 2)
            do throws(SysError) {
                _ = try peer.receive(into: &buffer)
                Issue.record("three bytes fitted in two")
            } catch {
                #expect(error.code == Errno.tooLong)
            }
            #expect(try peer.receive(into: &buffer) == .message)
        }
    }

    @Test func descriptorsTravel() throws {
        try withPair { own, peer in
            let null = try OwnedFD.open("/dev/null")
            let version = try OwnedFD.open("/proc/version")
            try own.send([1], descriptors: [null.rawValue, version.rawValue])
            var buffer = MessageBuffer()
            #expect(try peer.receive(into: &buffer) == .message)
            let count = buffer.countOfDescriptors
            #expect(count == 2)
            guard let received = buffer.takeDescriptor(1) else {
                Issue.record("no second descriptor")
                return
            }
            let number = received.rawValue
            #expect(fcntl(number, F_GETFD) == FD_CLOEXEC)
            let hasAgain = buffer.takeDescriptor(1) != nil
            #expect(!hasAgain)
        }
    }

    @Test func descriptorsThatNobodyTookAreClosed() throws {
        let before = try openDescriptors()
        try withPair { own, peer in
            let null = try OwnedFD.open("/dev/null")
            var buffer = MessageBuffer()
            for _ in 0..<50 {
                try own.send([1], descriptors: [null.rawValue, null.rawValue, null.rawValue, null.rawValue])
                _ = try peer.receive(into: &buffer)
            }
        }
        #expect(try openDescriptors() < before + 20)
    }

    /// More than four come only from somebody who does not use this module.
    @Test func tooManyDescriptorsAreAnErrorAndStayNowhere() throws {
        let before = try openDescriptors()
        try withPair { own, peer in
            #expect(throws: SysError.self) { try own.send([1], descriptors: [0, 0, 0, 0, 0]) }
            for _ in 0..<20 {
                var numbers = [Int32](repeating: 0, count: 9)
                var byte: UInt8 = 1
                let sent = withUnsafeMutablePointer(to: &byte) { pointer in
                    sendWithDescriptors(own.rawValue, pointer, &numbers)
                }
                #expect(sent == 1)
                var buffer = MessageBuffer()
                do throws(SysError) {
                    _ = try peer.receive(into: &buffer)
                    Issue.record("nine descriptors were accepted")
                } catch {
                    #expect(error.code == Errno.tooLong)
                }
            }
        }
        #expect(try openDescriptors() < before + 20)
    }

    @Test func theOtherEndsClosingIsSeen() throws {
        var pair = try ChannelPair()
        guard let own = pair.takeOwn() else { return }
        do {
            let peer = pair.takePeer()
            _ = consume peer
        }
        var buffer = MessageBuffer()
        #expect(try own.receive(into: &buffer) == .closed)
        do throws(SysError) {
            try own.send([1])
            Issue.record("sent to nobody")
        } catch {
            #expect(error.code == Errno.brokenPipe)
        }
    }

    /// The kernel says ECONNRESET then, once, before the messages that wait.
    @Test func whatWasSentBeforeTheEndArrivesThoughTheOtherEndLeftSomethingUnread() throws {
        var pair = try ChannelPair()
        guard let own = pair.takeOwn() else { return }
        do {
            guard let peer = pair.takePeer() else { return }
            try own.send([1])
            for number in 0..<3 { try peer.send([UInt8(number)]) }
        }
        var buffer = MessageBuffer()
        var received: [UInt8] = []
        while case .message = try own.receive(into: &buffer, waiting: false) {
            buffer.withBytes { received.append($0[0]) }
        }
        #expect(received == [0, 1, 2])
    }

    @Test func sendingWithoutWaiting() throws {
        try withPair { own, _ in
            var sent = 0
            do throws(SysError) {
                while sent < 10_000 {
                    try own.send([UInt8](repeating: 0, count: 1000), waiting: false)
                    sent += 1
                }
                Issue.record("a socket without end")
            } catch {
                #expect(error.code == Errno.wouldBlock)
            }
            #expect(sent > 0)
        }
    }

    @Test func whatIsAChannel() throws {
        try withPair { own, _ in #expect(Channel.isChannel(own.rawValue)) }
        let null = try OwnedFD.open("/dev/null")
        #expect(!Channel.isChannel(null.rawValue))
        #expect(!Channel.isChannel(-1))
        let stream = OwnedFD(adopting: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
        #expect(!Channel.isChannel(stream.rawValue))
    }

    @Test func polling() throws {
        try withPair { own, peer in
            var waiting = PollSet()
            let index = waiting.add(peer.rawValue)
            let nothing = waiting.add(-1)
            let start = MonotonicClock.now()
            #expect(try waiting.wait(timeout: 20_000_000) == 0)
            #expect(MonotonicClock.now() - start >= 20_000_000)
            try own.send([1])
            #expect(try waiting.wait() == 1)
            #expect(waiting.readiness(at: index) == .readable)
            #expect(waiting.readiness(at: nothing).isEmpty && waiting.readiness(at: 9).isEmpty)
        }
    }

    private func openDescriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
}

/// sendmsg with any number of descriptors.
private func sendWithDescriptors(_ socket: Int32, _ byte: UnsafeMutablePointer<UInt8>, _ numbers: inout [Int32]) -> Int
{
    var part = iovec(iov_base: byte, iov_len: 1)
    // struct cmsghdr: length, level, type; then the numbers, rounded up to 8 bytes.
    var control = [UInt8](repeating: 0, count: 16 + (numbers.count * 4 + 7) / 8 * 8)
    control.withUnsafeMutableBytes { raw in
        raw.storeBytes(of: 16 + numbers.count * 4, toByteOffset: 0, as: Int.self)
        raw.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: Int32.self)
        raw.storeBytes(of: 1, toByteOffset: 12, as: Int32.self)  // SCM_RIGHTS
        for (index, number) in numbers.enumerated() {
            raw.storeBytes(of: number, toByteOffset: 16 + index * 4, as: Int32.self)
        }
    }
    let length = control.count
    return control.withUnsafeMutableBytes { raw in
        withUnsafeMutablePointer(to: &part) { parts in
            var message = msghdr()
            message.msg_iov = parts
            message.msg_iovlen = 1
            message.msg_control = raw.baseAddress
            message.msg_controllen = length
            return sendmsg(socket, &message, 0)
        }
    }
}
