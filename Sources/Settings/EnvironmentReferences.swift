/// `${NAME}`, `${env:NAME}` and `${NAME:-default}` in the values of a file, as OBI and OpenTelemetry's declarative
/// configuration write them. `$$` is a `$`. They are filled in after the file was taken apart, so that no variable can
/// add keys to it.
enum EnvironmentReferences {
    /// - Throws: `PatternError` when a `${` is never closed or does not hold a name.
    static func fill(
        _ text: String, from environment: [String: String]
    ) throws(PatternError) -> ConfigurationNode.Text {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return ConfigurationNode.Text(value: text) }
        var result = ConfigurationNode.Text(value: "")
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result.value += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result.value += "$"
                rest = rest.dropFirst()
            } else if rest.first == "{" {
                guard let close = rest.firstIndex(of: "}") else {
                    throw PatternError("has a '${' that is never closed; write '$$' for a '$'")
                }
                let reference = rest[rest.index(after: rest.startIndex)..<close]
                result.value += try value(of: reference, in: environment)
                result.isConfidential = true
                rest = rest[rest.index(after: close)...]
            } else {
                result.value += "$"
            }
        }
        result.value += rest
        return result
    }

    private static func value(
        of reference: Substring, in environment: [String: String]
    ) throws(PatternError) -> String {
        let (name, fallback): (Substring, Substring)
        if let separator = reference.firstRange(of: ":-") {
            (name, fallback) = (reference[..<separator.lowerBound], reference[separator.upperBound...])
        } else {
            (name, fallback) = (reference, "")
        }
        let variable = String(name.hasPrefix("env:") ? name.dropFirst(4) : name)
        guard let first = variable.utf8.first, !first.isDigit,
            variable.utf8.allSatisfy({ $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") })
        else {
            throw PatternError("has a '${…}' without the name of an environment variable in it")
        }
        if let value = environment[variable], !value.isEmpty { return value }
        return String(fallback)
    }
}
