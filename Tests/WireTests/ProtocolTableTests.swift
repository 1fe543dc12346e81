import Foundation
import Testing
import Wire

/// PROTOCOL.md and the enumerations say the same.
@Suite struct ProtocolTableTests {
    /// kind, name, who asks, payload, descriptors, phase, how often.
    private static func rows() throws -> [[String]] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/Wire/PROTOCOL.md").standardized
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("| 0x") }
            .map { $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
    }

    @Test func everyKindHasItsRowAndEveryRowItsKind() throws {
        let rows = try Self.rows()
        #expect(rows.count == MessageKind.allCases.count)
        #expect(rows.map { $0[0] } == rows.map { $0[0] }.sorted())
        for row in rows {
            try #require(row.count == 7)
            let number = try #require(UInt16(row[0].dropFirst(2), radix: 16))
            let kind = try #require(MessageKind(rawValue: number), "\(row[0]) has no case")
            #expect(row[1] == "\(kind)")
            #expect(row[2] == kind.rule.sender.rawValue, "\(kind)")
            #expect(row[4] == "\(kind.rule.descriptors)", "\(kind)")
            #expect(row[5] == kind.rule.phase.rawValue, "\(kind)")
            #expect(row[6] == kind.rule.frequency.text, "\(kind)")
        }
    }

    @Test func numbersSayWhatAKindIs() {
        for kind in MessageKind.allCases {
            #expect([kind.isRequest, kind.isReply, kind.isUnsolicited].filter { $0 }.count == 1)
            if kind.isRequest { #expect(kind.rule.sender == .coordinator) }
            #expect(kind.isReply == (kind.rule.frequency == .asReply))
            if kind.isRequest { #expect(MessageKind(rawValue: kind.rawValue + 1)?.isReply == true) }
            #expect(kind.rule.descriptors <= WireFormat.mostDescriptors)
        }
    }

    @Test func requestsAndTheirRepliesAreNeighbours() {
        func check<Request: WireRequest>(_: Request.Type) {
            #expect(Request.Reply.kind.rawValue == Request.kind.rawValue + 1)
        }
        check(ScanRequest.self)
        check(DescribeRequest.self)
        check(ConfigureRequest.self)
        check(SelectRequest.self)
        check(CountRequest.self)
    }
}
