import LinuxSys
import Testing

@Suite struct StandardErrorTests {
    @Test(arguments: [
        ("a\nb\tc\u{0}\u{1b}[31m", "a b c  [31m"), ("\u{7f}", " "), ("\u{80}\u{85}\u{9b}2J\u{9f}", "   2J "),
        ("\u{200e}\u{202a}\u{202e}\u{2066}\u{2069}\u{feff}", "      "), ("\u{2028}\u{2029}", "  "),
    ])
    func whatATerminalWouldObeyBecomesSpaces(_ line: String, _ plain: String) {
        #expect(StandardError.plain(line) == plain)
    }

    /// Their bytes are among those of C1 controls.
    @Test func lettersStay() {
        #expect(StandardError.plain("hilo: œufs à la crème, 漢字, \u{1f600}") == "hilo: œufs à la crème, 漢字, \u{1f600}")
    }
}
