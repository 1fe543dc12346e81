import Assemble
import TraceContext

/// Draws one trace: a head line, then a line a span with tree, service, name, kind, status, duration and a bar that
/// shows when it ran.
struct Waterfall {
    /// The columns of the terminal.
    let width: Int
    let palette: Palette

    /// The time that a drawing spans.
    struct Scale: Hashable, Sendable {
        var start: UInt64
        var end: UInt64

        var total: UInt64 { end - start }

        init?(_ spans: [Assemble.Span]) {
            guard let start = spans.map(\.startUnixNanos).min(),
                let end = spans.map({ $0.startUnixNanos + $0.lasting }).max()
            else { return nil }
            self.start = start
            self.end = end
        }

        mutating func cover(_ other: Scale) {
            start = min(start, other.start)
            end = max(end, other.end)
        }
    }

    private static let kindColumns = 6
    private static let statusColumns = 5
    private static let durationColumns = 7
    private static let longestService = 20
    private static let deepestBranches = 24

    /// - Parameters:
    ///   - isLate: the trace was drawn before, without these spans.
    ///   - number: the service's, for its colour.
    func draw(_ id: TraceID, _ spans: [Assemble.Span], scale: Scale, isLate: Bool, number: (String) -> Int) -> String {
        var lines = [head(id, spans, scale: scale, isLate: isLate)]
        for row in TraceTree(spans).rows {
            lines.append(line(row, scale: scale, number: number(row.span.serviceName)))
        }
        return lines.joined(separator: "\n") + "\n\n"
    }

    private func head(_ id: TraceID, _ spans: [Assemble.Span], scale: Scale, isLate: Bool) -> String {
        let services = Set(spans.map(\.serviceName)).count
        let title = "trace \(id)" + (isLate ? " (late)" : "")
        var facts = ""
        for fact in [
            count(spans.count, "span"), count(services, "service"), DurationText.short(nanoseconds: scale.total),
            UnixTime(nanoseconds: scale.start).timeOfDay,
        ] {
            let longer = facts.isEmpty ? fact : facts + " · " + fact
            if TerminalText.width(title) + 2 + TerminalText.width(longer) <= width { facts = longer }
        }
        let gap = max(2, width - TerminalText.width(title) - TerminalText.width(facts))
        return palette.bold(title) + String(repeating: " ", count: gap) + palette.faint(facts)
    }

    private func line(_ row: TraceTree.Row, scale: Scale, number: Int) -> String {
        let span = row.span
        // One column between columns; two before the bar.
        let free = width - Self.kindColumns - Self.statusColumns - Self.durationColumns - 5
        let barColumns = max(10, free * 2 / 5)
        let (blank, bar) = Bar.line(
            start: span.startUnixNanos - scale.start, length: span.lasting, of: scale.total, columns: barColumns)
        let duration = DurationText.short(nanoseconds: span.lasting)
        let padding = String(repeating: " ", count: max(0, Self.durationColumns - TerminalText.width(duration)))
        return [
            label(row, columns: max(20, free - barColumns), number: number),
            palette.faint(TerminalText.fitted(span.kind.word, to: Self.kindColumns)),
            status(span),
            padding + duration,
            " " + blank + (span.isError ? palette.error(bar) : palette.service(number, bar)),
        ].joined(separator: " ")
    }

    /// Branches, service, name, and what a client called.
    private func label(_ row: TraceTree.Row, columns: Int, number: Int) -> String {
        var branches = (row.isOrphan ? "⋯ " : "") + row.branches
        let tooDeep = branches.count - min(Self.deepestBranches, columns / 2)
        if tooDeep > 0 { branches = "⋯" + branches.dropFirst(tooDeep + 1) }
        let service = TerminalText.cut(
            TerminalText.escaped(row.span.serviceName), to: min(Self.longestService, columns - branches.count - 2))
        let room = max(0, columns - branches.count - TerminalText.width(service) - 2)
        let name = TerminalText.cut(TerminalText.escaped(row.span.name), to: room)
        let note = [row.span.peer.map { "→ \($0)" }, row.span.errorType.map { "(\($0))" }].compactMap(\.self)
            .map { " " + TerminalText.escaped($0) }.joined()
        return palette.faint(branches) + palette.service(number, service) + "  " + name
            + palette.faint(TerminalText.fitted(note, to: room - TerminalText.width(name)))
    }

    /// The status code, with a mark that shows an error without colours, too.
    private func status(_ span: Assemble.Span) -> String {
        let word = TerminalText.cut(span.outcomeWord, to: Self.statusColumns - 2)
        let text =
            (span.isError ? "✗" : " ") + String(repeating: " ", count: Self.statusColumns - 1 - word.count) + word
        if span.isError { return palette.error(text) }
        return (span.statusCode ?? 0) >= 400 ? palette.warning(text) : text
    }

    private func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
