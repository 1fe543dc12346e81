/// Text that came from strangers and goes out: bounded, and nothing in it that steers a terminal or ends a line.
func checkSafe(_ text: String, limit: Int, _ what: @autoclosure () -> String) {
    check(text.utf8.count <= limit, "\(what()) has \(text.utf8.count) bytes")
    for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0..<0x20, 0x7f...0x9f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff:
            check(false, "\(what()) has the character \(String(scalar.value, radix: 16))")
        default: break
        }
    }
}
