import Assemble
import Testing

@Suite struct ValueTests {
    @Test(
        arguments: [
            (0x0a00_0001, "10.0.0.1"), (0, "0.0.0.0"), (0xffff_ffff, "255.255.255.255"), (0x7f00_0001, "127.0.0.1"),
        ] as [(UInt32, String)])
    func ipv4(_ address: UInt32, _ text: String) {
        #expect(IPAddress.v4(address).text == text)
    }

    /// RFC 5952, section 4.
    @Test(
        arguments: [
            (0, 0, "::"),
            (0, 1, "::1"),
            (0x2001_0db8_0000_0000, 1, "2001:db8::1"),
            (0x2001_0db8_0000_0000, 0x0001_0000_0000_0001, "2001:db8::1:0:0:1"),
            (0x2001_0db8_0000_0001, 0x0001_0001_0001_0001, "2001:db8:0:1:1:1:1:1"),
            (0x2001_0000_0000_0001, 0x0000_0000_0000_0001, "2001:0:0:1::1"),
            (0x2001_0db8_aaaa_bbbb, 0xcccc_dddd_eeee_0001, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"),
            (0xfe80_0000_0000_0000, 0, "fe80::"),
            (0x0001_0002_0003_0004, 0x0005_0006_0007_0000, "1:2:3:4:5:6:7:0"),
            (0x0000_0002_0003_0004, 0x0005_0006_0007_0008, "0:2:3:4:5:6:7:8"),
        ] as [(UInt64, UInt64, String)])
    func ipv6(_ high: UInt64, _ low: UInt64, _ text: String) {
        #expect(IPAddress.v6(high: high, low: low).text == text)
    }

    @Test(
        arguments: [
            (5, 10, 15), (10, -5, 5), (5, -10, 0), (.max, 1, .max), (0, .max, UInt64(Int64.max)), (.max, -1, .max - 1),
            (1 << 63, .min, 0), (0, .min, 0), (0, 0, 0),
        ] as [(UInt64, Int64, UInt64)])
    func clocksAreClamped(_ monotonic: UInt64, _ offset: Int64, _ unix: UInt64) {
        #expect(ClockMap(monotonicToUnixNanos: offset).unixNanos(monotonic) == unix)
    }

    @Test func durationsAreNeverNegative() throws {
        var span = try makeSpan(RecordBytes())
        (span.startUnixNanos, span.endUnixNanos) = (2, 1)
        #expect(span.durationNanos == 0)
    }
}
