import LinuxSys
import Testing

/// What the kernel says of interfaces, and what anything else could say.
@Suite struct InterfaceMessagesTests {
    private func parse(_ bytes: [UInt8]) -> [InterfaceMessages.Message] {
        bytes.withUnsafeBytes { InterfaceMessages.parse($0) }
    }

    private func message(_ kind: UInt16, _ payload: [UInt8], length: UInt32? = nil) -> [UInt8] {
        routeMessage(kind, payload, length: length)
    }

    private func interface(_ index: UInt8, family: UInt8 = 0, _ attributes: [UInt8] = []) -> [UInt8] {
        [family, 0, 1, 0, index, 0, 0, 0] + [UInt8](repeating: 0, count: 8) + attributes
    }

    private func present(_ index: UInt32) -> InterfaceMessages.Message { .present(index, leadsElsewhere: false) }

    @Test func whatTheKernelSays() {
        #expect(parse(message(16, interface(1)) + message(16, interface(7) + [9, 9, 9])) == [present(1), present(7)])
        #expect(parse(message(17, interface(3))) == [.gone(3)])
        #expect(parse(message(3, [0, 0, 0, 0])) == [.listed])
        #expect(parse(message(2, [0xF0, 0xFF, 0xFF, 0xFF])) == [.refused(16)])
    }

    /// Behind its name, the number of another network namespace, which may be 0.
    @Test(arguments: [0, 5] as [Int32])
    func anInterfaceThatLeadsElsewhere(network: Int32) {
        let attributes = routeAttribute(3, Array("veth7\0".utf8)) + routeAttribute(37, of: network)
        #expect(parse(message(16, interface(7, attributes))) == [.present(7, leadsElsewhere: true)])
        #expect(parse(message(17, interface(7, attributes))) == [.gone(7)])
        for count in 0..<attributes.count {
            #expect(parse(message(16, interface(7, Array(attributes[..<count])))) == [present(7)])
        }
        #expect(parse(message(16, interface(7, routeAttribute(37, [0, 0])))) == [present(7)])
    }

    @Test func whatIsPassedOver() {
        #expect(parse(message(2, [0, 0, 0, 0])).isEmpty)
        #expect(parse(message(2, [0, 0, 0, 0x80])).isEmpty)
        #expect(parse(message(16, interface(1, family: 7))).isEmpty)
        #expect(parse(message(16, interface(0))).isEmpty)
        #expect(parse(message(16, [0, 0, 1, 0, 0xFF, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 8))).isEmpty)
        #expect(parse(message(24, interface(1)) + message(17, interface(2))) == [.gone(2)])
    }

    @Test func whatIsCutOrLies() {
        let whole = message(16, interface(1))
        for count in 0..<whole.count { #expect(parse(Array(whole[0..<count])).isEmpty) }
        for length in [0, 1, 15, 33, UInt32.max] { #expect(parse(message(16, interface(1), length: length)).isEmpty) }
        #expect(parse(message(16, Array(interface(1)[0..<15]))).isEmpty)
        #expect(parse(whole + message(16, interface(2), length: 40)) == [present(1)])
    }

    @Test func anyBytes() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...120, using: &random)).map { _ in
                UInt8.random(in: 0...40, using: &random)
            }
            #expect(parse(bytes).count <= bytes.count / 16)
        }
    }
}
