package import Assemble
import TraceContext

/// One line a span, for people:
/// `2025-11-22T15:30:07.123456Z shop server GET /checkout 200 48.2 ms trace=… span=… parent=…`
package struct TextPrinter: LinePrinter {
    package init() {}

    package func line(_ span: Span) -> String {
        var words = [
            UnixTime(nanoseconds: span.startUnixNanos).dateAndTime,
            span.serviceName,
            span.kind.word,
            span.name,
            span.outcomeWord,
            DurationText.short(nanoseconds: span.lasting),
        ]
        if let type = span.errorType { words.append("error=\(type)") }
        if let peer = span.peer { words.append("to=\(peer)") }
        if case .string(let path)? = span[.urlPath], !span.name.hasSuffix(" " + path) { words.append("path=\(path)") }
        words.append("trace=\(span.traceID)")
        words.append("span=\(span.spanID)")
        if let parent = span.parentID { words.append("parent=\(parent)") }
        return words.map(TerminalText.escaped).joined(separator: " ") + "\n"
    }
}
