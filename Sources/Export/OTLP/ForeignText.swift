/// Makes text that a collector or a library wrote fit for hilo's log: short, without control characters, and without
/// the values of the request's headers, which a collector may repeat ("invalid key abc").
package struct ForeignText: Sendable {
    private let secrets: [String]

    /// - Parameter headerValues: the values that must not show. Of `Bearer abcd`, neither the whole nor `abcd` may.
    ///   Three characters keep no secret, and to hide them would hide nearly every text.
    package init(hiding headerValues: [String]) {
        secrets = headerValues.flatMap { value -> [String] in
            let words = value.split(separator: " ").map { $0.lowercased() }
            return words.count > 1 ? words.dropFirst() + [value.lowercased()] : words
        }.filter { $0.utf8.count > 3 }
    }

    /// The text as one line of at most 200 characters; withheld altogether when it holds a header's value.
    package func cleaned(_ text: String) -> String {
        let lowercased = text.lowercased()
        // Byte by byte, too: an accent behind a letter makes another character of it.
        guard !secrets.contains(where: { lowercased.contains($0) || lowercased.utf8.contains($0.utf8) }) else {
            return "(withheld: it repeats the value of a header)"
        }
        var line = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            guard index < 200 else { return line + "…" }
            TerminalText.append(scalar, to: &line)
        }
        return line
    }
}
