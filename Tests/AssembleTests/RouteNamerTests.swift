import Assemble
import Testing

@Suite struct RouteNamerTests {
    private func route(_ path: String, patterns: [String] = [], _ unmatched: RouteNamer.Unmatched = .heuristic) throws
        -> String?
    {
        try RouteNamer(patterns: patterns, unmatched: unmatched).route(forPath: path)?.text
    }

    // MARK: - Patterns

    @Test(arguments: [
        ("/users/{id}", "/users/7", true),
        ("/users/:id", "/users/7/", true),
        ("/users/{id}/", "/users/7", true),
        ("/users/{id}", "/users", false),
        ("/users/{id}", "/users/", false),
        ("/users/{id}", "/users//", false),
        ("/users/{id}", "/users/7/orders", false),
        ("/users/{id}", "/Users/7", false),
        ("/users/{id}/orders/{order}", "/users/7/orders/9", true),
        ("/a/*/z", "/a/b/z", true),
        ("/a/*/z", "/a/b/c/z", false),
        ("/a/*/z", "/a/z", false),
        // At the end a star stands for all that follows, as in OBI.
        ("/files/*", "/files", true),
        ("/files/*", "/files/a", true),
        ("/files/*", "/files/a/b", true),
        ("/files/*", "/file", false),
        ("/files/**", "/files", true),
        ("/files/**", "/files/a/b/c", true),
        ("/**/z", "/z", true),
        ("/**/z", "/a/b/z", true),
        ("/**/z", "/a/b/z/y", false),
        ("/**/a/**/z", "/x/a/a/y/z", true),
        ("/**/a/b", "/a/a/a/b", true),
        ("/**/a/{id}/b/**", "/a/a/a/c/b/d", true),
        ("/**", "/", true),
        ("/*", "/", true),
        ("/", "/", true),
        ("/", "/a", false),
        ("/@:user", "/@ana", true),
        ("/@:user", "/@", false),
        ("/@:user", "/ana", false),
        ("/{name}.json", "/a.b.json", true),
        ("/{name}.json", "/.json", false),
        ("/v{major}/x", "/v1/x", true),
        ("users/{id}", "/users/7", true),
        ("/größe/{id}", "/größe/7", true),
    ])
    func matches(_ pattern: String, _ path: String, _ isMatch: Bool) throws {
        #expect(try route(path, patterns: [pattern], .unset) == (isMatch ? pattern : nil))
    }

    @Test func theMostParticularPatternCounts() throws {
        let patterns = [
            "/**", "/users/*", "/users/{id}", "/users/{id}/orders", "/users/me", "/users/u{id}", "/users/:other",
        ]
        #expect(try route("/users/me", patterns: patterns) == "/users/me")
        #expect(try route("/users/u7", patterns: patterns) == "/users/u{id}")
        #expect(try route("/users/7", patterns: patterns) == "/users/{id}")
        #expect(try route("/users/7/orders", patterns: patterns) == "/users/{id}/orders")
        #expect(try route("/users/7/other", patterns: patterns) == "/users/*")
        #expect(try route("/users", patterns: patterns) == "/users/*")
        #expect(try route("/", patterns: patterns) == "/**")
    }

    @Test(
        arguments: [
            ("", .emptyPattern), ("/a b", .notAPath("/a b")), ("/a?b", .notAPath("/a?b")), ("/a#b", .notAPath("/a#b")),
            ("/{a", .unclosedBrace("/{a")), ("/{a/b}", .unclosedBrace("/{a/b}")),
        ] as [(String, RouteNamer.Fault)])
    func patternsThatAreFaults(_ pattern: String, _ fault: RouteNamer.Fault) {
        #expect(throws: fault) { try RouteNamer(patterns: ["/fine", pattern]) }
    }

    @Test(arguments: ["/", " ", "\n", "\u{0}", "\u{7f}"] as [Character])
    func wildcardsThatAreFaults(_ wildcard: Character) {
        #expect(throws: RouteNamer.Fault.wildcard(String(wildcard))) { try RouteNamer(wildcard: wildcard) }
    }

    // MARK: - What no pattern matches

    @Test func unmatched() throws {
        #expect(try route("/a/1", .unset) == nil)
        #expect(try route("/a/1", .path) == "/a/1")
        #expect(try route("/a/1", .wildcard) == "/**")
        #expect(try route("/a/1", .heuristic) == "/a/*")
        #expect(try RouteNamer(wildcard: "＊").route(forPath: "/a/1/b")?.text == "/a/＊/b")
        #expect(RouteNamer.Unmatched(rawValue: "heuristic") == .heuristic)
    }

    @Test func onlyAbsolutePathsHaveRoutes() throws {
        for unmatched in RouteNamer.Unmatched.allCases {
            for path in ["", "*", "a/b"] { #expect(try route(path, patterns: ["/**"], unmatched) == nil) }
        }
    }

    @Test func whoBoundsARoute() throws {
        let namer = try RouteNamer(patterns: ["/a/:id"])
        #expect(namer.route(forPath: "/a/x")?.isBounded == true)
        #expect(namer.route(forPath: "/b/x")?.isBounded == false)
        #expect(try RouteNamer(unmatched: .wildcard).route(forPath: "/x")?.isBounded == true)
        #expect(try RouteNamer(unmatched: .path).route(forPath: "/x")?.isBounded == false)
    }

    // MARK: - Guesses

    @Test(arguments: [
        "/", "/users", "/users/", "/api/v1/users", "/api/V2/items", "/v1beta1/namespaces", "/v1.2/x", "/v2alpha/x",
        "/v3rc1/x",
        "/.well-known/openid-configuration", "/index.html", "/_health", "/healthz", "/favicon.ico", "/~home",
        "/oauth2/token", "/s3/objects", "/k8s/pods", "/i18n/messages", "/x509/certificates", "/graphql",
        "/webhooks/github",
        "/$metadata", "/odata/$batch", "/items:batchGet", "/getUserById", "/UserService/ListUsers",
        "/DescribeDBInstances", "/createVMSnapshot", "/toDoList/addItem", "/a//b", "//", "/wp-admin/admin-ajax.php",
        "/org.freedesktop.DBus", "/api-gateway-health-check", "/electroencephalography", "/http/status",
        "/internal/configuration/environment/authentication/administration",
    ])
    func wordsStay(_ path: String) throws {
        #expect(try route(path) == path)
    }

    @Test(arguments: [
        "7", "123456", "-1", "3.14", "2024-01-01", "user-7", "item_42", "v1234", "v", "1v",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "F47AC10B58CC4372A5670E02B2C3D479", "deadbeef", "ABCDEFABCDEF", "3f786850e387550fdab836ed7e6dc881de23001b",
        "507f1f77bcf86cd799439011", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "ana@example.com", "ana%40example.com", "@ana",
        "CfMkAGbE_aivhFydEpaRafPuGWbmHfG", "dGhpcyBpcyBhIHRlc3Q=", "aGVsbG8gd29ybGQ", "qzxjkvwpfhqx", "a+b", "a,b",
        "größe",
        "%E6%97%A5", "...", "-", "app.3f2a9c.js", "how-to-write-a-good-commit-message",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig", "(1)", "'or'1",
        "..%2f",
    ])
    func dataIsReplaced(_ segment: String) throws {
        guard segment != "v" else {
            // One letter is no version and no number: a word.
            return #expect(try route("/v") == "/v")
        }
        #expect(try route("/things/\(segment)/parts") == "/things/*/parts")
        #expect(try route("/\(segment)") == "/*")
        #expect(try route("/\(segment)/") == "/*/")
    }

    @Test func pathParametersAreData() throws {
        #expect(try route("/shop;jsessionid=A1B2/cart;x") == "/shop/cart")
        #expect(try route("/shop/17;v=2/cart") == "/shop/*/cart")
        #expect(try route("/;x") == "/")
    }

    @Test func depthIsBounded() throws {
        #expect(try route("/a/b/c/d/e/f/g/h/i/j") == "/a/b/c/d/e/f/g/h/i/j")
        #expect(try route("/a/b/c/d/e/f/g/h/i/j/k/l") == "/a/b/c/d/e/f/g/h/i/j/**")
        #expect(try route("/a/b/1/d/e/f/g/h/i/j/k") == "/a/b/*/d/e/f/g/h/i/j/**")
    }

    /// Most random tokens have a digit; of those that are letters alone, most are told from words too.
    @Test func randomTokensAreRecognised() {
        var generator = Seeded(state: 6)
        func share(_ alphabet: String, _ length: Int) -> Double {
            let letters = Array(alphabet)
            let count = 2_000
            let replaced = (0..<count).count { _ in
                let token = String((0..<length).map { _ in letters[Int(generator.next() % UInt64(letters.count))] })
                return RouteNamer.heuristic.route(forPath: "/\(token)")?.text == "/*"
            }
            return Double(replaced) / Double(count)
        }
        let small = "abcdefghijklmnopqrstuvwxyz"
        #expect(share("0123456789abcdef", 8) > 0.99)
        #expect(share(small + small.uppercased() + "0123456789-_", 22) > 0.99)
        #expect(share(small + small.uppercased(), 16) > 0.85)
        #expect(share(small, 12) > 0.75)
    }

    @Test func hostilePathsHaveARouteAndNeverTrap() throws {
        var generator = Seeded(state: 7)
        let namer = try RouteNamer(patterns: ["/a/{b}/**/c", "/**/x/*/y", "/:v/{w}.z/*"])
        let alphabet = Array("/abcxyzABC019-_.~:;%@{}*é日\u{fffd}")
        for _ in 0..<100_000 {
            let path =
                "/"
                + String(
                    (0..<Int(generator.next() % 40)).map { _ in alphabet[Int(generator.next() % UInt64(alphabet.count))]
                    })
            guard let route = namer.route(forPath: path) else {
                Issue.record("\(path) has no route")
                return
            }
            #expect(route.isBounded || route.text.utf8.count <= path.utf8.count + 64)
        }
    }
}
