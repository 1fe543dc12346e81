/// The fields of /proc/PID/stat (proc(5)) that this project looks at.
public struct ProcessStat: Hashable, Sendable {
    public let pid: UInt32
    /// Name of the main thread; up to 15 bytes that the process chose.
    public let command: [UInt8]
    public let state: UInt8
    public let parentPID: UInt32
    /// A thread of the kernel, which runs no program.
    public let isKernelThread: Bool
    /// Clock ticks after boot. With the number it names one process for good.
    public let startTime: UInt64

    /// It has ended and waits for its parent.
    public var hasEnded: Bool { state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") }

    /// - Returns: nil for a text that does not have the form of proc(5).
    public init?(_ text: [UInt8]) {
        // The name may hold any byte, parentheses included; the last closing one ends it.
        guard let opening = text.firstIndex(of: UInt8(ascii: "(")), let closing = text.lastIndex(of: UInt8(ascii: ")")),
            opening < closing, let pid = DecimalField.parse(text[..<opening].filter { $0 != UInt8(ascii: " ") })
        else { return nil }
        let fields = text[(closing + 1)...].split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        // `fields` begins with field 3, the state.
        guard fields.count > 19, let state = fields[0].first, let parent = DecimalField.parse(fields[1]),
            let flags = DecimalField.parse(fields[6]), let startTime = DecimalField.parse(fields[19]),
            let pid = UInt32(exactly: pid), let parent = UInt32(exactly: parent)
        else { return nil }
        self.pid = pid
        self.command = Array(text[(opening + 1)..<closing])
        self.state = state
        self.parentPID = parent
        self.isKernelThread = flags & 0x0020_0000 != 0  // PF_KTHREAD (linux/sched.h)
        self.startTime = startTime
    }
}

/// A number in the text of a /proc file.
enum DecimalField {
    static func parse(_ digits: some Sequence<UInt8>) -> UInt64? {
        number(digits, radix: 10)
    }

    static func parseHexadecimal(_ digits: some Sequence<UInt8>) -> UInt64? {
        number(digits, radix: 16)
    }

    private static func number(_ digits: some Sequence<UInt8>, radix: UInt64) -> UInt64? {
        var value: UInt64 = 0
        var count = 0
        for character in digits {
            let digit: UInt8
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f") where radix == 16: digit = character - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F") where radix == 16: digit = character - UInt8(ascii: "A") + 10
            default: return nil
            }
            let (shifted, overflowed) = value.multipliedReportingOverflow(by: radix)
            let (sum, carried) = shifted.addingReportingOverflow(UInt64(digit))
            guard !overflowed, !carried else { return nil }
            value = sum
            count += 1
        }
        return count > 0 ? value : nil
    }
}
