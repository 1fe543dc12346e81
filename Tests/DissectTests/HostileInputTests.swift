import Dissect
import Testing

/// Requests with bytes changed, cut, doubled and made up: whatever comes, there is an answer, and its texts are safe.
@Suite struct HostileInputTests {
    private static let seeds: [[UInt8]] = [
        "GET /users/7?full=1 HTTP/1.1\r\nHost: shop.example:8080\r\n",
        "POST http://user:secret@[2001:db8::1]:81/a/b;c?d=e#f HTTP/1.0\nHost: [::1]:9\n",
        "CONNECT server.example.com:443 HTTP/1.1\r\nHost: server.example.com\r\n",
        "OPTIONS * HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n",
        "\r\nM-SEARCH /größe/%C3%9F/日本 HTTP/1.1\r\n folded\r\nhost:a@b:c\r\n",
    ].map { Array($0.utf8) }

    private static let interesting: [UInt8] =
        Array(" \t\r\n:/?#[]@%*.;-0aH\u{7f}".utf8) + [0x00, 0x1b, 0x80, 0xc0, 0xe2, 0xff]

    private static func mutate(_ seed: [UInt8], _ generator: inout Seeded) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let index = Int.random(in: 0...bytes.count, using: &generator)
            switch generator.next() % 6 {
            case 0 where index < bytes.count: bytes[index] = UInt8(truncatingIfNeeded: generator.next())
            case 1 where index < bytes.count: bytes.remove(at: index)
            case 2: bytes.insert(interesting[Int(generator.next() % UInt64(interesting.count))], at: index)
            case 3: bytes.removeSubrange(index...)
            case 4: bytes.insert(contentsOf: bytes[index...].prefix(40), at: index)
            default:
                let piece = seeds[Int(generator.next() % UInt64(seeds.count))]
                bytes.insert(contentsOf: piece.prefix(Int(generator.next() % 50)), at: index)
            }
        }
        return bytes
    }

    private static func isSafe(_ text: String) -> Bool {
        text.utf8.count <= SafeText.limit && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
    }

    @Test func mutatedRequestsNeverTrap() {
        var generator = Seeded(state: 4)
        var read = 0
        for round in 0..<200_000 {
            let bytes = Self.mutate(Self.seeds[round % Self.seeds.count], &generator)
            guard let request = try? RequestExcerpt(parsing: bytes, isTruncated: round % 3 == 0) else { continue }
            read += 1
            let target = request.target
            let texts = [
                request.method.name, target.path, target.query, target.scheme, target.authority?.host,
                request.host?.host,
            ]
            guard texts.allSatisfy({ $0.map(Self.isSafe) ?? true }),
                !request.method.name.isEmpty, request.method.name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
                !target.path.utf8.contains(0x20), !target.path.contains("?"), !target.path.contains("#"),
                target.path.isEmpty == (target.form == .authority),
                target.form != .authority || request.method == .connect,
                request.host.map({ !$0.host.isEmpty && $0.host.utf8.count <= 765 }) ?? true
            else {
                Issue.record("\(bytes) was read as \(request)")
                return
            }
        }
        // Were nearly all of them turned down, nothing would have been tried.
        #expect(read > 50_000)
    }

    @Test func noiseNeverTraps() {
        var generator = Seeded(state: 5)
        for _ in 0..<20_000 {
            let bytes = (0..<Int(generator.next() % 64)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            _ = try? RequestExcerpt(parsing: bytes, isTruncated: true)
            _ = HostPort(parsing: bytes.span)
            #expect(Self.isSafe(RequestTarget(parsing: bytes.span).path))
        }
    }

    @Test func longTargetsAreBounded() throws {
        for filler: UInt8 in [0x61, 0x2f, 0xff, 0x00, 0xc3, 0x3b] {
            let line =
                Array("GET /".utf8) + [UInt8](repeating: filler, count: 8192) + Array("?q HTTP/1.1\r\nHost: a\r\n".utf8)
            let request = try RequestExcerpt(parsing: line)
            #expect(Self.isSafe(request.target.path))
            #expect(request.host?.host == "a")
        }
    }
}
