import LinuxSys
import Testing

/// Which number the kernel has for a network namespace, and what anything else could say.
@Suite struct NetworkNumberMessageTests {
    private func parse(_ bytes: [UInt8], to sequence: UInt32 = 7) -> Int32? {
        bytes.withUnsafeBytes { NetworkNumberMessage.parse($0, to: sequence) }
    }

    private func answer(_ number: Int32, sequence: UInt32 = 7) -> [UInt8] {
        routeMessage(88, [0, 0, 0, 0] + routeAttribute(1, of: number), sequence: sequence)
    }

    @Test(arguments: [-1, 0, 1, 255, Int32.max])
    func aNumber(number: Int32) {
        #expect(parse(answer(number)) == number)
        #expect(parse(answer(3, sequence: 6) + answer(number)) == number)
    }

    @Test func noNumber() {
        let noSuchProcess: [UInt8] = [0xFD, 0xFF, 0xFF, 0xFF]
        #expect(parse(routeMessage(2, noSuchProcess, sequence: 7)) == -1)
        #expect(parse(routeMessage(88, [0, 0, 0, 0], sequence: 7)) == -1)
        #expect(parse(routeMessage(88, [0, 0, 0, 0] + routeAttribute(4, of: 3), sequence: 7)) == -1)
        #expect(parse(routeMessage(88, [], sequence: 7)) == -1)
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
