/// Cuts a stream of bytes into lines, each at most 4 KiB; what a line has more is left out.
struct LineSplitter: Sendable {
    private static let longest = 4096
    private var line: [UInt8] = []

    mutating func take(_ bytes: UnsafeRawBufferPointer, _ body: (String) -> Void) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                finish(body)
            } else if line.count < LineSplitter.longest {
                line.append(byte)
            }
        }
    }

    /// Gives out a last line that has no end.
    mutating func finish(_ body: (String) -> Void) {
        if !line.isEmpty { body(String(decoding: line, as: UTF8.self)) }
        line.removeAll(keepingCapacity: true)
    }
}
