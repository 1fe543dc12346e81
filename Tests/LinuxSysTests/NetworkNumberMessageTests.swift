import LinuxSys
import Testing

/// Which number the kernel has for a network namespace, and what anything else could say.
@Suite struct NetworkNumberMessageTests {
    private func parse(_ bytes: [UInt8], to sequence: UInt32 = 7) -> NetworkNumberMessage.Answer? {
        bytes.withUnsafeBytes { NetworkNumberMessage.parse($0, to: sequence) }
    }

    private func answer(_ number: Int32, sequence: UInt32 = 7) -> [UInt8] {
        routeMessage(88, [0, 0, 0, 0] + routeAttribute(1, of: number), sequence: sequence)
    }

    private func refusal(_ code: UInt8) -> [UInt8] {
        routeMessage(2, [0 &- code, 0xFF, 0xFF, 0xFF], sequence: 7)
    }

    @Test(arguments: [0, 1, 255, Int32.max])
    func aNumber(number: Int32) {
        #expect(parse(answer(number)) == .number(number))
        #expect(parse(answer(3, sequence: 6) + answer(number)) == .number(number))
    }

    /// ESRCH is an answer; ENOMEM is none.
    @Test func noNumber() {
        #expect(parse(answer(-1)) == NetworkNumberMessage.Answer.none)
        #expect(parse(refusal(3)) == NetworkNumberMessage.Answer.none)
        #expect(parse(refusal(12)) == .failed)
        #expect(parse(routeMessage(2, [], sequence: 7)) == .failed)
        for payload in [[], [0, 0, 0, 0], [0, 0, 0, 0] + routeAttribute(4, of: 3)] {
            #expect(parse(routeMessage(88, payload, sequence: 7)) == NetworkNumberMessage.Answer.none)
        }
    }

    @Test func noAnswer() {
        #expect(parse([]) == nil)
        #expect(parse(answer(3, sequence: 6)) == nil)
        let whole = answer(3)
        for count in 0..<whole.count { #expect(parse(Array(whole[..<count])) == nil) }
    }

    @Test func anyBytes() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...80, using: &random)).map { _ in
                UInt8.random(in: 0...40, using: &random)
            }
            _ = parse(bytes, to: UInt32(bytes.first ?? 0))
        }
    }
}
