import Dissect
import Testing

@Suite struct SafeTextTests {
    private func escaped(_ bytes: [UInt8], limit: Int = SafeText.limit) -> String {
        SafeText.percentEscaped(bytes.span, limit: limit)
    }

    private func replaced(_ bytes: [UInt8], limit: Int = SafeText.limit) -> String {
        SafeText.replacingUnprintable(bytes.span, limit: limit)
    }

    @Test func plainTextStaysAsItIs() {
        let plain = (0x21...0x7e).map { UInt8($0) }
        #expect(Array(escaped(plain).utf8) == plain)
        #expect(Array(replaced(plain).utf8) == plain)
        #expect(escaped([]).isEmpty)
        #expect(replaced(Array("a b".utf8)) == "a b")
        #expect(escaped(Array("a b".utf8)) == "a%20b")
    }

    @Test func cutsBetweenCharacters() {
        #expect(escaped(Array("abc".utf8), limit: 2) == "ab")
        #expect(escaped(Array("aé".utf8), limit: 2) == "a")
        #expect(escaped(Array("aé".utf8), limit: 3) == "aé")
        #expect(escaped([0x61, 0xff], limit: 3) == "a")
        #expect(replaced([0x61, 0xff], limit: 3) == "a")
        #expect(escaped(Array("aé".utf8), limit: 0).isEmpty)
        #expect(escaped([UInt8](repeating: 0x61, count: 8192)).utf8.count == SafeText.limit)
        #expect(escaped([UInt8](repeating: 0xff, count: 8192)).utf8.count <= SafeText.limit)
    }
}
