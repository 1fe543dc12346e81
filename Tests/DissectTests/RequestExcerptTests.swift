import Dissect
import Testing

@Suite struct RequestExcerptTests {
    private func read(_ text: String, isTruncated: Bool = false) throws(DissectError) -> RequestExcerpt {
        try RequestExcerpt(parsing: Array(text.utf8), isTruncated: isTruncated)
    }

    @Test func readsRequestLineAndHost() throws {
        let request = try read("GET /users/7?full=1 HTTP/1.1\r\nHost: shop.example:8080\r\n")
        #expect(request.method == .get)
        #expect(request.target.form == .origin)
        #expect(request.target.path == "/users/7")
        #expect(request.target.query == "full=1")
        #expect(request.target.isPathComplete)
        #expect(request.version == .http11)
        #expect(request.host == HostPort(host: "shop.example", port: 8080))
    }

    @Test(arguments: [
        "GET /x HTTP/1.1\r\nHost: a:1\r\n",
        "GET /x HTTP/1.1\nHost: a:1\n",
        "GET /x HTTP/1.1\r\nhOsT:\t a:1 \t\r\n",
        "GET /x HTTP/1.1\r\nHOST:a:1",
        "\r\n\r\nGET /x HTTP/1.1\r\nHost: a:1\r\n",
        "GET  /x  HTTP/1.1\r\nHost: a:1\r\n",
        "GET /x\tHTTP/1.1\r\nHost: a:1\r\n",
        "GET /x HTTP/1.1 \r\nHost: a:1\r\n",
        "GET /x HTTP/1.1\r\nX-Host: b\r\nHosts: c\r\n folded\r\nHost: a:1\r\nHost: d\r\n\r\n",
    ])
    func whatSendersMakeOfTheGrammar(_ text: String) throws {
        let request = try read(text)
        #expect(request.target.path == "/x")
        #expect(request.version == .http11)
        #expect(request.host == HostPort(host: "a", port: 1))
    }

    @Test func hostIsReadFromTheHeadAlone() throws {
        #expect(try read("GET /x HTTP/1.1\r\n").host == nil)
        #expect(try read("GET /x HTTP/1.1\r\nHost:\r\n").host == nil)
        #expect(try read("GET /x HTTP/1.1\r\n\r\nHost: body\r\n").host == nil)
        #expect(try read("GET /x HTTP/1.0").version == .http10)
    }

    /// The kernel side cuts the request line and the Host line apart from each other.
    @Test func cutAnywhereItKeepsWhatIsWhole() throws {
        let line = "GET /path/of/it?and=query HTTP/1.1"
        for length in 5...line.utf8.count {
            let cut = String(line.prefix(length))
            for host in ["", "\r\nHost: a:1\r\n", "\nHost: a:1\r\n"] {
                let request = try read(cut + host, isTruncated: true)
                #expect(request.method == .get)
                #expect("/path/of/it".hasPrefix(request.target.path))
                #expect(request.target.isPathComplete == cut.contains("?"))
                #expect((request.version == nil) == (cut != line))
                #expect(request.host == (host.isEmpty ? nil : HostPort(host: "a", port: 1)))
            }
        }
        // Half a host is not the host.
        #expect(try read("GET /x HTTP/1.1\r\nHost: shop.exam", isTruncated: true).host == nil)
        #expect(try read("GET /x HTTP/1.1\r\nHost: shop.exam").host?.host == "shop.exam")
    }

    @Test func aTargetWithSpacesStaysWhole() throws {
        #expect(try read("GET /a b c HTTP/1.1\r\n").target.path == "/a%20b%20c")
        #expect(try read("GET /?q=a b HTTP/1.0\r\n").target.query == "q=a%20b")
    }

    @Test(
        arguments: [
            ("", .empty), ("\r\n\r\n", .empty), ("GET", .requestLine), ("\u{1}\u{2}", .requestLine),
            (" /x HTTP/1.1\r\n", .method), ("G(T /x HTTP/1.1\r\n", .method), ("GÉT /x HTTP/1.1\r\n", .method),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n", .method), ("GET HTTP/1.1\r\n", .version),
            ("GET  HTTP/1.1\r\n", .version), ("GET \r\n", .version), ("GET /x\r\n", .version),
            ("GET /x HTTP/2.0\r\n", .version),
            ("GET /x HTTP/1.2\r\n", .version), ("GET /x ", .version), ("PRI * HTTP/2.0\r\n\r\n", .version),
        ] as [(String, DissectError)])
    func whatIsNotARequest(_ text: String, _ fault: DissectError) {
        #expect(throws: fault) { try read(text) }
    }

    @Test func nothingAfterTheMethodIsNoTargetEvenWhenCut() {
        #expect(throws: DissectError.target) { try read("GET ", isTruncated: true) }
        #expect(throws: DissectError.requestLine) { try read("GET", isTruncated: true) }
    }

    @Test func methodsAreCaseSensitiveTokens() throws {
        #expect(try read("get /x HTTP/1.1\r\n").method == .other("get"))
        #expect(try read("M-SEARCH * HTTP/1.1\r\n").method == .other("M-SEARCH"))
        for name in ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"] {
            let method = try read("\(name) /x HTTP/1.1\r\n").method
            #expect(method == HTTPMethod(name))
            #expect(method.name == name)
            if case .other = method { Issue.record("\(name) is a known method") }
        }
    }
}
