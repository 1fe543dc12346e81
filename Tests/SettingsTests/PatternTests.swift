import Settings
import Testing

@Suite struct GlobTests {
    @Test(arguments: [
        ("*", "", true), ("*", "/usr/bin/python3", true), ("**", "a", true),
        ("*/python3*", "/usr/bin/python3.12", true), ("*/python3*", "/usr/bin/perl", false),
        ("*/python3", "/usr/bin/python3.12", false), ("python3", "/usr/bin/python3", false),
        ("a?c", "abc", true), ("a?c", "ac", false), ("a?c", "a/c", true), ("?", "é", true), ("?", "👍", true),
        ("[abc]", "b", true), ("[abc]", "d", false), ("[a-c]x", "bx", true), ("[!a-c]", "d", true),
        ("[!a-c]", "b", false), ("[^a-c]", "d", true), ("[a-]", "-", true), ("[a-z0-9]", "7", true),
        ("[\\]]", "]", true), ("\\*", "*", true), ("\\*", "a", false), ("a\\{b", "a{b", true),
        ("{a,b}", "a", true), ("{a,b}", "b", true), ("{a,b}", "c", false), ("{a,b}c", "bc", true),
        ("{a,}c", "c", true), ("{,}", "", true), ("x{a,b{c,d}}y", "xbdy", true), ("x{a,b{c,d}}y", "xby", false),
        ("{*beyla,*alloy,*otelcol-contrib[!/]*}", "/bin/otelcol-contrib2", true),
        ("{*beyla,*alloy,*otelcol-contrib[!/]*}", "/bin/otelcol-contrib/x", false),
        ("{a*,*b}*{c,d}", "axxd", true), ("a,b", "a,b", true), ("}", "}", true), ("]", "]", true),
        ("*a*b*c", "xaxbxc", true), ("*a*b*c", "xaxbx", false), ("a*", "a\nb", true),
    ])
    func matches(pattern: String, text: String, expected: Bool) throws {
        #expect(try Glob(pattern).matches(text) == expected)
    }

    @Test(arguments: [
        ("", "the pattern is empty"), ("[", "the '[' at character 1 is never closed"),
        ("ab[c", "the '[' at character 3 is never closed"), ("[]", "the set at character 1 is empty"),
        ("[!]", "the set at character 1 is empty"), ("[z-a]", "the set has the range 'z-a', which is reversed"),
        ("{a,b", "the '{' at character 1 is never closed"), ("x{", "the '{' at character 2 is never closed"),
        ("a\\", "the pattern ends in a lone '\\'"), ("[a\\", "the '[' at character 1 is never closed"),
        ("[\\d]", "the set at character 1 has '\\d', which hilo does not read"),
        (String(repeating: "{", count: 17), "braces are nested more than 16 deep"),
        (String(repeating: "a", count: 1025), "the pattern is longer than 1024 characters"),
    ])
    func refuses(pattern: String, reason: String) {
        #expect(throws: PatternError.self) { try Glob(pattern) }
        do throws(PatternError) { _ = try Glob(pattern) } catch { #expect(error.description == reason) }
    }

    /// Patterns that take exponential or quadratic time where matching goes back: here the time is bounded by the
    /// product of the lengths, which is what the step count of one pass over the text allows.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            String(repeating: "*a", count: 400) + "b",
            String(repeating: "{a,aa}", count: 150) + "b",
            String(repeating: "{*,*}", count: 200) + "b",
            String(repeating: "?*", count: 300) + "b",
            String(repeating: "{,a}", count: 200) + "b",
        ])
    func staysLinear(pattern: String) throws {
        let glob = try Glob(pattern)
        #expect(!glob.matches(String(repeating: "a", count: 5000)))
        #expect(glob.matches(String(repeating: "a", count: 500) + "b") || pattern.hasPrefix("{"))
    }

    @Test func comparesByWhatIsWritten() throws {
        #expect(try Glob("a*") == Glob("a*"))
        #expect(try Glob("a*") != Glob("a**"))
        #expect(try Glob("a.*") != Glob(regularExpression: "a.*"))
    }
}

@Suite struct RegularExpressionTests {
    /// OBI's own default for `discovery.default_exclude_services`.
    static let collectors = "(?:^|/)(beyla$|alloy$|otelcol[^/]*$)"

    @Test(arguments: [
        ("tras", "atrassss", true), ("tras", "foobar", false), ("^/usr", "/usr/bin", true), ("^/usr", "/x/usr", false),
        ("java$", "/bin/java", true), ("java$", "/bin/javac", false), ("^$", "", true), ("^$", "a", false),
        ("a.c", "xabcx", true), ("a\\.c", "abc", false), ("a\\.c", "a.c", true), ("ab*c", "ac", true),
        ("ab+c", "ac", false), ("ab+c", "abbbc", true), ("ab?c", "abc", true), ("ab?c", "abbc", false),
        ("(ab)+$", "xabab", true), ("^(ab|cd)$", "cd", true), ("^(ab|cd)$", "ad", false), ("a|b", "b", true),
        ("^(|a)$", "", true), ("python\\d", "python3", true), ("python\\d", "python", false),
        ("\\w+\\s\\S", "ab c", true),
        ("[^/]+$", "/a", true), ("^[^/]+$", "/a", false), ("^a.*?b$", "axb", true), ("()*", "", true),
        ("^(a*)*$", "aaa", true),
        (collectors, "/usr/bin/otelcol-contrib", true), (collectors, "beyla", true), (collectors, "/bin/beyla2", false),
        (collectors, "/opt/otelcol/app", false),
    ])
    func matches(pattern: String, text: String, expected: Bool) throws {
        #expect(try Glob(regularExpression: pattern).matches(text) == expected)
    }

    @Test(arguments: [
        "", "(", ")", "a)", "(a", "*", "a**", "a+*", "+a", "[", "[a", "[[:alpha:]]", "a{2}", "(?i)a", "(?=a)", "\\b",
        "\\1",
        "\\", "\\pL", "[\\d]", String(repeating: "(", count: 40),
    ])
    func refuses(pattern: String) {
        #expect(throws: PatternError.self) { try Glob(regularExpression: pattern) }
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: ["^(a*)*$", "^(a|a)*$", "^(a|aa)+$", "(.*a){12}".replacingNumber, "(x+x+)+y"])
    func staysLinear(pattern: String) throws {
        let expression = try Glob(regularExpression: pattern)
        _ = expression.matches(String(repeating: "a", count: 5000) + "!")
        _ = expression.matches(String(repeating: "x", count: 5000))
    }
}

extension String {
    /// Counted repetition, which is not read, written out.
    fileprivate var replacingNumber: String { String(repeating: "(.*a)", count: 12) }
}

@Suite struct PortSetTests {
    @Test(arguments: [
        ("8080", "8080"), ("80,443", "80,443"), ("80, 443 ,8000 - 8999", "80,443,8000-8999"), ("1-65535", "1-65535"),
        ("90,80", "80,90"), ("80-90,85-95", "80-95"), ("80,81,82", "80-82"), ("443,443", "443"), ("65535", "65535"),
        ("65534,65535", "65534-65535"), ("8080-8080", "8080"),
    ])
    func reads(text: String, canonical: String) throws {
        #expect(try PortSet(parsing: text).description == canonical)
    }

    @Test(arguments: [
        ("", "a port is missing"), ("0", "0 is not between 1 and 65535"), ("65536", "65536 is not between 1 and 65535"),
        ("99999999999999999999", "99999999999999999999 is not between 1 and 65535"), ("http", "'http' is not a port"),
        ("80,", "a port is missing"), (",80", "a port is missing"), ("80-", "'80-' is not a range of ports"),
        ("-80", "'-80' is not a range of ports"), ("90-80", "the range '90-80' ends before it begins"),
        ("80-90-100", "'90-100' is not a port"), ("+80", "'+80' is not a port"), ("8 0", "'8 0' is not a port"),
        ("0x50", "'0x50' is not a port"), ("٨٠", "'٨٠' is not a port"),
    ])
    func refuses(text: String, reason: String) {
        do throws(PatternError) {
            _ = try PortSet(parsing: text)
            Issue.record("'\(text)' was read")
        } catch {
            #expect(error.description == reason)
        }
    }

    @Test func knowsItsPorts() throws {
        let ports = try PortSet(parsing: "80,8000-8999")
        #expect(ports.contains(80) && ports.contains(8000) && ports.contains(8999))
        #expect(!ports.contains(79) && !ports.contains(81) && !ports.contains(9000))
    }
}

@Suite struct EndpointTests {
    @Test(arguments: [
        ("http://localhost:4318", "http://localhost:4318/"),
        ("https://otel.example.com", "https://otel.example.com:443/"),
        ("http://a", "http://a:80/"), ("HTTP://a:1/b/c", "http://a:1/b/c"),
        ("https://[::1]:4318/x", "https://[::1]:4318/x"),
        ("http://otel_collector:4318/", "http://otel_collector:4318/"),
        ("http://10.0.0.1:65535", "http://10.0.0.1:65535/"),
    ])
    func reads(text: String, url: String) throws {
        #expect(try OTLPEndpoint(parsing: text).url == url)
    }

    @Test(arguments: [
        "", "localhost:4318", "//a", "http:/a", "http://", "http:///x", "ftp://a", "unix:///run/x", "http://a:0",
        "http://a:",
        "http://a:65536", "http://a:x", "http://a:1:2", "http://::1", "http://[::1", "http://[::1]x", "http://[a]:1",
        "http://a b", "http://a\n", "http://é", "http://user:hunter2@a", "http://a/?x", "http://a/#x", "http://a%20b",
    ])
    func refuses(text: String) {
        do throws(PatternError) {
            _ = try OTLPEndpoint(parsing: text)
            Issue.record("'\(text)' was read")
        } catch {
            #expect(!error.description.contains("hunter2"))
        }
    }

    @Test func appends() throws {
        #expect(try OTLPEndpoint(parsing: "http://a").appending(path: "/v1/traces").path == "/v1/traces")
        #expect(try OTLPEndpoint(parsing: "http://a/b/").appending(path: "/v1/traces").path == "/b/v1/traces")
        #expect(try OTLPEndpoint(parsing: "http://a/b").appending(path: "/v1/traces").path == "/b/v1/traces")
    }

    @Test func secretsDoNotPrint() {
        let header = ExportHeader(name: "authorization", value: Secret("hunter2"))
        var dumped = ""
        dump(header, to: &dumped)
        for text in ["\(header)", String(reflecting: header), dumped] { #expect(!text.contains("hunter2")) }
    }
}
