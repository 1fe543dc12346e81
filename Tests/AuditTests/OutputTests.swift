import Audit
import Testing

@Suite struct OutputTests {
    @Test func json() {
        let value = JSON.object([
            ("text", .string("a\"b\\c\n\u{1}é")), ("numbers", .array([.int(-1), .bool(true), .null])),
            ("empty", .array([])), ("none", .object([])),
        ])
        #expect(
            value.text == """
                {
                  "text": "a\\"b\\\\c\\n\\u0001é",
                  "numbers": [
                    -1,
                    true,
                    null
                  ],
                  "empty": [],
                  "none": {}
                }
                """)
    }

    @Test func columnsAreAligned() {
        var table = TextTable(header: ["A", "B", "C"])
        table.add(["long", "x", "last"])
        table.add(["", "y", ""])
        #expect(table.text == "A     B  C\nlong  x  last\n      y  \n")
    }
}
