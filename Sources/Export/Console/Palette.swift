/// The colours of a terminal, by what they mean; none at all where nobody sees them.
package struct Palette: Hashable, Sendable {
    private let isColoured: Bool

    package static let plain = Palette(isColoured: false)
    package static let coloured = Palette(isColoured: true)

    func bold(_ text: String) -> String { wrapped(text, in: "1") }
    func faint(_ text: String) -> String { wrapped(text, in: "2") }
    func error(_ text: String) -> String { wrapped(text, in: "1;31") }
    func warning(_ text: String) -> String { wrapped(text, in: "33") }

    /// The same colour for the same number; neighbours differ. None is an error's red.
    func service(_ number: Int, _ text: String) -> String {
        let colours = ["36", "35", "32", "34", "33", "96", "95", "92", "94", "93"]
        return wrapped(text, in: colours[number % colours.count])
    }

    private func wrapped(_ text: String, in code: String) -> String {
        isColoured && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
