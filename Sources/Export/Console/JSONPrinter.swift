package import Assemble
import OTLP
import TraceContext

/// One JSON object a span, one span a line, for programs such as `jq`.
///
/// Fields and their encodings are those of OTLP/JSON (hexadecimal ids, 64-bit times as strings, enums as numbers), but
/// attributes are an object instead of a list of pairs, so that `.attributes["http.route"]` works, and each span
/// carries its resource.
package struct JSONPrinter: LinePrinter {
    package init() {}

    package func line(_ span: Span) -> String {
        var json = JSONWriter()
        json.object {
            $0.member("traceId", span.traceID.hex)
            $0.member("spanId", span.spanID.hex)
            if let parent = span.parentID { $0.member("parentSpanId", parent.hex) }
            if let state = span.traceState { $0.member("traceState", state) }
            $0.member("flags", Int64(span.protocolFlags))
            $0.member("name", span.name)
            $0.member("kind", Int64(span.kind.protocolNumber))
            $0.member("startTimeUnixNano", String(span.startUnixNanos))
            $0.member("endTimeUnixNano", String(span.endUnixNanos))
            $0.member("attributes") {
                $0.object { for attribute in span.attributes { $0.member(attribute.key.name, attribute.value) } }
            }
            $0.member("status") {
                $0.object {
                    guard case .error(let message) = span.status else { return }
                    $0.member("code", Int64(2))
                    if !message.isEmpty { $0.member("message", message) }
                }
            }
            $0.member("resource") {
                $0.object {
                    $0.member("attributes") {
                        $0.object {
                            for entry in span.resource.resource.attributes { $0.member(entry.key, entry.value) }
                        }
                    }
                }
            }
        }
        return json.text + "\n"
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, _ value: AttributeValue) {
        switch value {
        case .string(let text): member(name, text)
        case .int(let number): member(name, number)
        case .bool(let flag): member(name, flag)
        case .double(let number): member(name, number)
        }
    }
}
