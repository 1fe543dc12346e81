import Audit

extension Examination {
    /// For people.
    var text: String {
        var text = "hilo \(Version.text) on Linux \(kernel)\n\n"
        let width = features.map(\.name.count).max() ?? 0
        for feature in features {
            text += "\(feature.state.rawValue.padded(to: 8))\(feature.name.padded(to: width))  \(feature.reason)\n"
            if let remedy = feature.remedy {
                text += "\("".padded(to: 8 + width))  remedy: \(remedy)\n"
            }
        }
        text +=
            wouldTrace
            ? "\nhilo run would trace.\n" : "\nhilo run would not trace: it would leave with \(exitCode.rawValue).\n"
        return text
    }

    /// For programs.
    var json: JSON {
        .object([
            ("would_trace", .bool(wouldTrace)),
            ("exit_code", .int(Int64(exitCode.rawValue))),
            ("version", .string(Version.text)),
            ("kernel", .string(kernel)),
            (
                "features",
                .array(
                    features.map { feature in
                        .object([
                            ("name", .string(feature.name)), ("state", .string(feature.state.rawValue)),
                            ("reason", .string(feature.reason)),
                            ("remedy", feature.remedy.map { .string($0) } ?? .null),
                        ])
                    })
            ),
        ])
    }
}
