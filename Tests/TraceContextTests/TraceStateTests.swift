import Testing
import TraceContext

/// W3C Trace Context, section 3.3, with the key grammar of Level 2.
@Suite struct TraceStateTests {
    @Test(arguments: [
        ("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
        ("foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3"),
        ("foo=1,", "foo=1"),
        (",,  ,foo=1,\t,", "foo=1"),
        ("", ""),
        (" \t ", ""),
        ("foo= leading spaces are part of the value", "foo= leading spaces are part of the value"),
        ("foo=trailing spaces are not  ,bar=1", "foo=trailing spaces are not,bar=1"),
        ("0@vendor=1,fw529a3039@dt=FfffffffC,a-_*/@b=!", "0@vendor=1,fw529a3039@dt=FfffffffC,a-_*/@b=!"),
        ("foo=1,bar=2,foo=3", "foo=1,bar=2"),
    ])
    func readsAndWrites(_ text: String, _ expected: String) throws {
        let state = try TraceState(parsing: text)
        #expect(state.headerValue == expected)
        #expect(state.isEmpty == expected.isEmpty)
    }

    @Test(
        arguments: [
            ("foo", .key), ("=1", .key), ("FOO=1", .key), ("foo =1", .key), ("foo.bar=1", .key), ("@foo=1", .key),
            ("_foo=1", .key), ("föö=1", .key), ("foo=", .value), ("foo=bar=baz", .value), ("foo=b\u{7f}", .value),
            ("foo=b\tb", .value), ("foo=ü", .value), ("foo=1,bar", .key),
        ] as [(String, TraceStateError)])
    func oneBadMemberSpoilsTheList(_ text: String, _ fault: TraceStateError) {
        #expect(throws: fault) { try TraceState(parsing: text) }
    }

    @Test func keysAndValuesHaveAtMost256Characters() throws {
        let long = String(repeating: "z", count: 256)
        #expect(try TraceState(parsing: "\(long)=\(long)").members.count == 1)
        #expect(throws: TraceStateError.key) { try TraceState(parsing: "\(long)z=1") }
        #expect(throws: TraceStateError.value) { try TraceState(parsing: "z=\(long)z") }
    }

    @Test func listsHaveAtMost32Members() throws {
        let members = (0..<32).map { "k\($0)=\($0)" }
        #expect(try TraceState(parsing: members.joined(separator: ",") + ", ,").members.count == 32)
        #expect(throws: TraceStateError.tooManyMembers) {
            try TraceState(parsing: (members + ["k=1"]).joined(separator: ","))
        }
    }

    @Test func trimmingTakesLongMembersFirstThenTheLast() throws {
        let value = String(repeating: "v", count: 130)
        let short = String(repeating: "s", count: 100)
        let text = "a=\(short),b=\(value),c=\(short),d=\(value),e=\(short),f=\(short)"
        let trimmed = try TraceState(parsing: text).trimmed()
        // 672 characters: without d 539 are left, without b too 406, which fit.
        #expect(trimmed.members.map(\.key) == ["a", "c", "e", "f"])
        // No long member is left to take: the last ones go.
        #expect(trimmed.trimmed(to: 250).members.map(\.key) == ["a", "c"])
        #expect(trimmed.trimmed(to: 205).members.map(\.key) == ["a", "c"])
        #expect(trimmed.trimmed(to: 204).members.map(\.key) == ["a"])
        #expect(trimmed.trimmed(to: 0).isEmpty)
    }

    @Test func whatFitsStaysWhole() throws {
        let text = "a=" + String(repeating: "v", count: 256) + ",b=" + String(repeating: "w", count: 251)
        #expect(text.utf8.count == 512)
        #expect(try TraceState(parsing: text).trimmed().headerValue == text)
    }

    @Test func mutatedListsNeverTrapAndWriteWhatTheyRead() {
        var generator = Seeded(state: 2)
        let seed = Array("rojo=00f067aa0ba902b7, congo=t61rcWkgMzE,0@v=a b c ,x=1".utf8)
        for _ in 0..<50_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[index] = UInt8.random(in: 0...255, using: &generator)
            }
            if Bool.random(using: &generator) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator)) }
            guard let state = try? TraceState(parsing: bytes) else { continue }
            #expect((try? TraceState(parsing: state.headerValue)) == state)
        }
    }
}
