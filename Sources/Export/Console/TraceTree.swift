import Assemble
import TraceContext

/// The spans of one trace in the order in which a tree is drawn: a parent, then its children by start time.
struct TraceTree {
    struct Row {
        let span: Assemble.Span
        /// The lines that lead to the span: `│  └─ `.
        let branches: String
        /// The span has a parent, but it is not among the spans.
        let isOrphan: Bool
    }

    private(set) var rows: [Row] = []

    /// Takes hostile ids: spans that are their own ancestors, or that share an id, are drawn once each.
    init(_ spans: [Assemble.Span]) {
        let spans = spans.sorted { ($0.startUnixNanos, $0.spanID.value) < ($1.startUnixNanos, $1.spanID.value) }
        let ids = Set(spans.map(\.spanID))
        var children: [SpanID: [Int]] = [:]
        var roots: [Int] = []
        for (index, span) in spans.enumerated() {
            if let parent = span.parentID, parent != span.spanID, ids.contains(parent) {
                children[parent, default: []].append(index)
            } else {
                roots.append(index)
            }
        }

        var isDrawn = [Bool](repeating: false, count: spans.count)
        // What no root leads to goes round in a circle; its earliest span serves as the root.
        for root in roots + Array(spans.indices) where !isDrawn[root] {
            isDrawn[root] = true
            let isOrphan = spans[root].parentID != nil
            var stack = [(index: root, branches: "", indent: isOrphan ? "  " : "")]
            while let next = stack.popLast() {
                let span = spans[next.index]
                rows.append(Row(span: span, branches: next.branches, isOrphan: isOrphan && next.index == root))
                let below = (children.removeValue(forKey: span.spanID) ?? []).filter { !isDrawn[$0] }
                for (place, child) in below.enumerated().reversed() {
                    isDrawn[child] = true
                    let isLast = place == below.count - 1
                    stack.append(
                        (child, next.indent + (isLast ? "└─ " : "├─ "), next.indent + (isLast ? "   " : "│  ")))
                }
            }
        }
    }
}
