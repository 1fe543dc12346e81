/// What single values mean. Each throws half a sentence that follows the key.
enum ValueParser {
    static func boolean(_ text: String) throws(PatternError) -> Bool {
        // YAML 1.1 and Go, both of which OBI's files rely on.
        switch text.lowercased() {
        case "true", "yes", "on", "1", "t": return true
        case "false", "no", "off", "0", "f": return false
        default: throw PatternError("'\(text.clipped)' is neither true nor false")
        }
    }

    static func integer(_ text: String, in range: ClosedRange<Int>) throws(PatternError) -> Int {
        guard !text.isEmpty, text.utf8.allSatisfy(\.isDigit) else {
            throw PatternError("'\(text.clipped)' is not a whole number")
        }
        guard let number = Int(text), range.contains(number) else {
            throw PatternError("\(text.clipped) is not between \(range.lowerBound) and \(range.upperBound)")
        }
        return number
    }

    /// A decimal number from 0 to 1.
    static func ratio(_ text: String) throws(PatternError) -> Double {
        // `Double` also reads "nan", "infinity" and hexadecimal.
        guard text.utf8.allSatisfy({ $0.isDigit || ".eE+-".utf8.contains($0) }), let ratio = Double(text) else {
            throw PatternError("'\(text.clipped)' is not a number")
        }
        guard (0...1).contains(ratio) else { throw PatternError("\(text.clipped) is not between 0 and 1") }
        return ratio
    }

    /// One of an enumeration's names, whatever the case of its letters.
    static func choice<Value>(_ text: String) throws(PatternError) -> Value
    where Value: CaseIterable & RawRepresentable<String> {
        let wanted = text.lowercased()
        for value in Value.allCases where value.rawValue == wanted { return value }
        throw notOne(text, of: Value.allCases.map(\.rawValue))
    }

    static func notOne(_ text: String, of names: [String]) -> PatternError {
        let names = names.filter { !$0.isEmpty }
        let hint = NearestName.find(text, among: names).map { " (did you mean '\($0)'?)" } ?? ""
        return PatternError("'\(text.clipped)' is not one of \(names.joined(separator: ", "))\(hint)")
    }

    /// A size in bytes: a whole number, alone or with `KiB`, `MiB` or `GiB` (or `Ki`, `Mi`, `Gi`) behind it.
    static func bytes(_ text: String) throws(PatternError) -> Int {
        let isNegative = text.hasPrefix("-")
        let digits = text.dropFirst(isNegative ? 1 : 0).prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty else { throw PatternError("'\(text.clipped)' is not a size") }
        let shift: Int
        switch text[digits.endIndex...].drop(while: { $0 == " " }) {
        case "", "B": shift = 0
        case "KiB", "Ki": shift = 10
        case "MiB", "Mi": shift = 20
        case "GiB", "Gi": shift = 30
        default: throw PatternError("'\(text.clipped)' is not a size")
        }
        guard !isNegative, let number = Int(digits) else { throw PatternError("\(text.clipped) is out of range") }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
        guard !overflow else { throw PatternError("\(text.clipped) is too large") }
        return bytes
    }
}

// MARK: - Durations

extension ValueParser {
    /// A duration as Go writes it, which OBI does: `10s`, `500ms`, `1m30s`, `1.5h`; `0` needs no unit.
    static func duration(_ text: String) throws(PatternError) -> Duration {
        if text == "0" { return .zero }
        guard !text.isEmpty else { throw PatternError("a duration is missing") }
        var rest = text.utf8[...]
        var nanoseconds: Int64 = 0
        while !rest.isEmpty {
            let whole = rest.prefix(while: \.isDigit)
            rest = rest.dropFirst(whole.count)
            var fraction = rest.prefix(0)
            if rest.first == UInt8(ascii: ".") {
                fraction = rest.dropFirst().prefix(while: \.isDigit)
                rest = rest.dropFirst(1 + fraction.count)
            }
            guard !whole.isEmpty || !fraction.isEmpty else { throw PatternError("'\(text.clipped)' is not a duration") }
            let name = rest.prefix { !$0.isDigit && $0 != UInt8(ascii: ".") }
            rest = rest.dropFirst(name.count)
            guard let unit = nanosecondsPerUnit(String(Substring(name))) else {
                throw name.isEmpty
                    ? PatternError("'\(text.clipped)' has no unit")
                    : PatternError("'\(text.clipped)' has a unit that is none of ns, us, ms, s, m, h")
            }
            guard let part = scale(whole, fraction, by: unit),
                case (let sum, let overflow) = nanoseconds.addingReportingOverflow(part), !overflow
            else { throw PatternError("\(text.clipped) is too long") }
            nanoseconds = sum
        }
        return .nanoseconds(nanoseconds)
    }

    /// A duration as OpenTelemetry's variables write it, a whole number of milliseconds; one with units is read too.
    static func milliseconds(_ text: String) throws(PatternError) -> Duration {
        guard !text.isEmpty, text.utf8.allSatisfy(\.isDigit) else { return try duration(text) }
        guard let number = Int64(text), number <= Int64.max / 1_000_000 else {
            throw PatternError("\(text.clipped) is too long")
        }
        return .milliseconds(number)
    }

    private static func nanosecondsPerUnit(_ name: String) -> Int64? {
        switch name {
        case "ns": 1
        case "us", "µs", "μs": 1_000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        default: nil
        }
    }

    /// Nil when the result does not fit.
    private static func scale(
        _ whole: Substring.UTF8View, _ fraction: Substring.UTF8View, by unit: Int64
    ) -> Int64? {
        guard let number = whole.isEmpty ? 0 : Int64(Substring(whole)) else { return nil }
        var (total, overflow) = number.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        var digitValue = unit
        for digit in fraction {
            digitValue /= 10
            (total, overflow) = total.addingReportingOverflow(Int64(digit - 0x30) * digitValue)
            guard !overflow else { return nil }
        }
        return total
    }
}

extension Duration {
    /// As a user would write it.
    var written: String {
        let (seconds, attoseconds) = components
        if attoseconds != 0 { return "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)ms" }
        if seconds % 3600 == 0, seconds != 0 { return "\(seconds / 3600)h" }
        return seconds % 60 == 0 && seconds != 0 ? "\(seconds / 60)m" : "\(seconds)s"
    }
}

// MARK: - Lists

extension ValueParser {
    /// The parts between commas, without the spaces around them; commas in braces do not part. Empty parts are left
    /// out.
    static func list(_ text: String) -> [String] {
        var parts: [String] = []
        var part = ""
        var depth = 0
        var isEscaped = false
        for character in text {
            switch character {
            case _ where isEscaped: isEscaped = false
            case "\\": isEscaped = true
            case "{": depth += 1
            case "}": depth = max(0, depth - 1)
            case "," where depth == 0:
                parts.append(part.trimmed)
                part = ""
                continue
            default: break
            }
            part.append(character)
        }
        parts.append(part.trimmed)
        return parts.filter { !$0.isEmpty }
    }

    /// `name=value` pairs between commas, percent-encoded as in W3C Baggage: the format of `OTEL_RESOURCE_ATTRIBUTES`
    /// and `OTEL_EXPORTER_OTLP_HEADERS`.
    ///
    /// - Throws: a `PatternError` that tells a broken pair by its number, never by its text.
    static func pairs(_ text: String) throws(PatternError) -> [NamedValue] {
        var pairs: [NamedValue] = []
        for (index, part) in text.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
            if part.trimmed.isEmpty { continue }
            guard let equals = part.firstIndex(of: "=") else {
                throw PatternError("has no '=' in pair \(index + 1)")
            }
            guard let name = percentDecoded(part[..<equals].trimmed), !name.isEmpty else {
                throw PatternError("has no proper name in pair \(index + 1)")
            }
            guard let value = percentDecoded(part[part.index(after: equals)...].trimmed) else {
                throw PatternError("has a '%' in the value of pair \(index + 1) that does not encode UTF-8 text")
            }
            pairs.append(NamedValue(name: name, value: value))
        }
        return pairs
    }

    /// Nil when a `%` is not followed by two hexadecimal digits, or what comes out is not UTF-8.
    static func percentDecoded(_ text: String) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexValue, let low = rest.popFirst()?.hexValue else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension NamedValue {
    /// The pairs of a text in the format of `OTEL_RESOURCE_ATTRIBUTES`: `name=value` between commas, percent-encoded as
    /// in W3C Baggage.
    ///
    /// - Returns: nil when any pair is malformed.
    public static func pairs(inBaggage text: String) -> [NamedValue]? {
        do throws(PatternError) {
            return try ValueParser.pairs(text)
        } catch {
            return nil
        }
    }
}
