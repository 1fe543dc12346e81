/// The "Name: value" lines of /proc/PID/status.
public struct ProcessStatus: Sendable {
    private let lines: [(name: Substring, value: Substring)]

    public init(_ text: some Sequence<UInt8>) {
        lines = String(decoding: Array(text), as: UTF8.self).split(separator: "\n").compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            return (line[..<colon], value)
        }
    }

    /// The first line of that name, without leading blanks.
    public func value(_ name: String) -> String? {
        lines.first { $0.name == name }.map { String($0.value) }
    }

    public func hexadecimal(_ name: String) -> UInt64? {
        value(name).flatMap { UInt64($0, radix: 16) }
    }

    public func decimal(_ name: String) -> UInt64? {
        value(name).flatMap { UInt64($0) }
    }

    /// The numbers of a line like `Uid: 1000 1000 1000 1000`.
    public func decimals(_ name: String) -> [UInt64] {
        (value(name) ?? "").split { $0 == " " || $0 == "\t" }.compactMap { UInt64($0) }
    }
}
