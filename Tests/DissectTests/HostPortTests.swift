import Dissect
import Testing

@Suite struct HostPortTests {
    private func read(_ text: String) -> HostPort? {
        let bytes = Array(text.utf8)
        return HostPort(parsing: bytes.span)
    }

    @Test(
        arguments: [
            ("example.com", "example.com", nil),
            ("example.com:80", "example.com", 80),
            ("example.com:", "example.com", nil),
            ("example.com:0", "example.com", 0),
            ("example.com:65535", "example.com", 65535),
            ("example.com:65536", "example.com", nil),
            ("example.com:99999999999999999999", "example.com", nil),
            ("example.com:-1", "example.com", nil),
            ("example.com:8a", "example.com", nil),
            ("192.0.2.7:8080", "192.0.2.7", 8080),
            ("[2001:db8::1]", "2001:db8::1", nil),
            ("[2001:db8::1]:8080", "2001:db8::1", 8080),
            ("[2001:db8::1]8080", "2001:db8::1", nil),
            ("2001:db8::1", "2001:db8::1", nil),
            (" \texample.com:80 ", "example.com", 80),
            ("user:secret@example.com:80", "example.com", 80),
            ("EXAMPLE.com.", "EXAMPLE.com.", nil),
            ("my_host-1", "my_host-1", nil),
        ] as [(String, String, UInt16?)])
    func reads(_ text: String, _ host: String, _ port: UInt16?) {
        #expect(read(text) == HostPort(host: host, port: port))
    }

    @Test(arguments: [
        "", " ", ":80", "[]:80", "[::1", "user@", "a b", "a/b", "a?b", "a#b", "a\\b", "a\u{1b}b", "a\"b", "<a>", "a[b",
        "a, b",
        String(repeating: "a", count: 256),
    ])
    func whatHoldsNoHost(_ text: String) {
        #expect(read(text) == nil)
    }

    @Test func hostileBytesAreReplaced() {
        let bytes: [UInt8] = [0x61, 0xff, 0xc2, 0x85, 0x62]
        #expect(HostPort(parsing: bytes.span)?.host == "a\u{fffd}\u{fffd}b")
        #expect(read("größe.example:80") == HostPort(host: "größe.example", port: 80))
        let long = [UInt8](repeating: 0xff, count: 255)
        #expect((HostPort(parsing: long.span)?.host.utf8.count ?? .max) <= 3 * 255)
    }

    /// The search reads eight bytes at a time: the colon is found wherever it is.
    @Test func theColonIsFoundAtEveryPlace() {
        for length in 1...40 {
            // The bytes beside a colon in value are where a borrow would show.
            for filler in ["a", ";", "9", "\u{bb}"] {
                let host = String(repeating: filler, count: length)
                #expect(read("\(host):80") == HostPort(host: host, port: 80))
            }
        }
    }

    @Test func authorityIsWhatStandsInAURL() {
        #expect(HostPort(host: "a").authority == "a")
        #expect(HostPort(host: "a", port: 8080).authority == "a:8080")
        #expect(HostPort(host: "::1").authority == "[::1]")
        #expect(HostPort(host: "::1", port: 80).authority == "[::1]:80")
    }
}
