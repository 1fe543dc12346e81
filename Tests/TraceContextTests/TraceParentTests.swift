import Testing
import TraceContext

/// W3C Trace Context, section 3.2, case by case.
@Suite struct TraceParentTests {
    static let traceID = "0af7651916cd43dd8448eb211c80319c"
    static let parentID = "b7ad6b7169203331"
    static let valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func readsEveryField() throws {
        let parent = try TraceParent(parsing: Self.valid)
        #expect(parent.version == 0)
        #expect(parent.traceID.hex == Self.traceID)
        #expect(parent.parentID.hex == Self.parentID)
        #expect(parent.flags == .sampled)
        #expect(parent.headerValue == Self.valid)
    }

    @Test func flagsAreABitField() throws {
        let parent = try TraceParent(parsing: "00-\(Self.traceID)-\(Self.parentID)-09")
        #expect(parent.flags.contains(.sampled))
        #expect(parent.flags.rawValue == 9)
        // "Vendors MUST set those to zero": what has no meaning is not sent on.
        #expect(parent.headerValue.hasSuffix("-01"))
        #expect(try TraceParent(parsing: "00-\(Self.traceID)-\(Self.parentID)-ff").headerValue.hasSuffix("-03"))
        #expect(try !TraceParent(parsing: "00-\(Self.traceID)-\(Self.parentID)-02").flags.contains(.sampled))
    }

    @Test(arguments: [
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be-like",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-00-extra.data!",
    ])
    func higherVersionsMayGoOn(_ text: String) throws {
        let parent = try TraceParent(parsing: text)
        #expect(parent.version != 0)
        #expect(parent.headerValue == Self.valid)
    }

    @Test(
        arguments: [
            ("", .length),
            ("00", .length),
            ("00-", .length),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", .length),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-", .length),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be-like", .length),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.", .length),
            ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", .length),
            ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", .version),
            ("0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011", .version),
            (".0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", .version),
            ("0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", .version),
            ("0A-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", .version),
            (" 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", .version),
            ("00.0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", .version),
            ("00-0af7651916cd43dd8448eb211c80319c.b7ad6b7169203331-01", .delimiter),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331.01", .delimiter),
            ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what", .delimiter),
            ("00-00000000000000000000000000000000-b7ad6b7169203331-01", .traceID),
            ("00-.af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", .traceID),
            ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", .traceID),
            ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", .parentID),
            ("00-0af7651916cd43dd8448eb211c80319c-B7AD6B7169203331-01", .parentID),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333.-01", .parentID),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-.0", .flags),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0.", .flags),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-FF", .flags),
        ] as [(String, TraceParentError)])
    func everythingElseIsIgnored(_ text: String, _ fault: TraceParentError) {
        #expect(throws: fault) { try TraceParent(parsing: text) }
    }

    @Test func anyCollectionOfBytesWillDo() throws {
        let padded = Array("xx\(Self.valid)yy".utf8)
        #expect(try TraceParent(parsing: padded[2..<57]).headerValue == Self.valid)
        #expect(throws: TraceParentError.version) { try TraceParent(parsing: [UInt8](repeating: 0xff, count: 200)) }
    }

    @Test func madeAnewItReadsBackAsItself() throws {
        var generator = Seeded(state: 1)
        for _ in 0..<1_000 {
            let made = TraceParent(
                traceID: .random(using: &generator), parentID: .random(using: &generator),
                flags: Bool.random(using: &generator) ? .sampled : [])
            #expect(made.headerValue.utf8.count == 55)
            #expect(try TraceParent(parsing: made.headerValue) == made)
        }
    }
}
