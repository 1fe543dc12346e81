import Dissect
import Testing

@Suite struct RequestTargetTests {
    private func target(_ text: String, _ method: HTTPMethod = .get, isCut: Bool = false) -> RequestTarget {
        let bytes = Array(text.utf8)
        return RequestTarget(parsing: bytes.span, method: method, isCut: isCut)
    }

    @Test func originForm() {
        let found = target("/where/from?q=now&r=a?b")
        #expect(found.form == .origin)
        #expect(found.path == "/where/from")
        #expect(found.query == "q=now&r=a?b")
        #expect(found.scheme == nil && found.authority == nil && !found.hasCredentials)
        #expect(target("/").query == nil)
        #expect(target("/?").query == "")
        #expect(target("/@/").hasCredentials == false)
        #expect(target("//double//slash").path == "//double//slash")
    }

    @Test func absoluteForm() {
        let found = target("HTTP://www.example.org:8001/pub/WWW/?x")
        #expect(found.form == .absolute)
        #expect(found.scheme == "http")
        #expect(found.authority == HostPort(host: "www.example.org", port: 8001))
        #expect(found.path == "/pub/WWW/")
        #expect(found.query == "x")
        #expect(target("http://a").path == "/")
        #expect(target("http://a?q").path == "/")
        #expect(target("http://a?q").query == "q")
        #expect(target("coap+ws://a/b").scheme == "coap+ws")
    }

    @Test func credentialsAreNoticedAndNotKept() {
        let found = target("https://user:p@ss@example.org:444/x")
        #expect(found.hasCredentials)
        #expect(found.authority == HostPort(host: "example.org", port: 444))
        #expect(target("http://user@a/").hasCredentials)
        #expect(!target("http://a/user@b").hasCredentials)
        #expect(target("/a/user@b").path == "/a/user@b")
        // A URL with a slip in it is no reason to keep them.
        for slip in ["htt%://me:secret@b/x", "me:secret@b:80/x?y@z", "http:/me:secret@b"] {
            #expect(!"\(target(slip))".contains("secret"))
            #expect(target(slip).hasCredentials)
        }
    }

    @Test func authorityFormIsForConnect() {
        let found = target("server.example.com:443", .connect)
        #expect(found.form == .authority)
        #expect(found.authority == HostPort(host: "server.example.com", port: 443))
        #expect(found.path.isEmpty && found.query == nil)
        #expect(target("[::1]:443", .connect).authority == HostPort(host: "::1", port: 443))
        #expect(target("server.exam", .connect, isCut: true).authority == nil)
    }

    @Test func asteriskForm() {
        #expect(target("*", .options).form == .asterisk)
        #expect(target("*", .options).path == "*")
        #expect(target("*/").form == .origin)
    }

    @Test func fragmentsAreLeftOut() {
        #expect(target("/a#token=secret").path == "/a")
        #expect(target("/a?q#token").query == "q")
        #expect(target("/a#b?c").query == nil)
    }

    @Test func aCutPathIsNotComplete() {
        #expect(!target("/half", isCut: true).isPathComplete)
        #expect(target("/whole?half", isCut: true).isPathComplete)
        #expect(target("http://half.exam", isCut: true).authority == nil)
        #expect(target("http://whole.example/ha", isCut: true).authority?.host == "whole.example")
    }

    @Test(arguments: ["x", "a:b", "://", "http:/one", "1http://a/", "-", "h", "http:"])
    func whatHasNoFormIsAPath(_ text: String) {
        #expect(target(text).form == .origin)
        #expect(target(text).path == text)
    }

    @Test func nothingIsTheRoot() {
        #expect(target("").path == "/")
        #expect(target("", .connect).authority == nil)
    }

    @Test func hostileBytesAreEscaped() {
        func path(_ bytes: [UInt8]) -> String { RequestTarget(parsing: bytes.span).path }
        #expect(path([0x2f, 0xff, 0x61]) == "/%FFa")
        #expect(path([0x2f, 0x00, 0x1b, 0x7f]) == "/%00%1B%7F")
        #expect(path(Array("/größe/日本".utf8)) == "/größe/日本")
        // A character that was cut in two, one written too long, and a surrogate.
        #expect(path([0x2f, 0xe6, 0x97]) == "/%E6%97")
        #expect(path([0x2f, 0xc0, 0xaf]) == "/%C0%AF")
        #expect(path([0x2f, 0xed, 0xa0, 0x80]) == "/%ED%A0%80")
        // Controls beyond ASCII, and what turns text around.
        #expect(path(Array("/\u{85}\u{202e}".utf8)) == "/%C2%85%E2%80%AE")
    }
}
