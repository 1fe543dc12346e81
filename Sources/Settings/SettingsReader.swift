/// Hands out what was written, value by value, and collects what is wrong with it.
struct SettingsReader {
    private let settings: [String: WrittenSetting]
    private(set) var faults: [SettingsFault]
    private(set) var warnings: [SettingsFault]

    init(_ sources: SettingsSources) {
        settings = sources.settings
        faults = sources.faults
        warnings = sources.warnings
    }

    func written(_ path: String) -> WrittenSetting? { settings[path] }

    func isWritten(_ path: String) -> Bool { settings[path] != nil }

    // MARK: Values

    /// Reads one value. Nil when it was not written, or is wrong: then a fault was taken down.
    mutating func value<Value>(
        _ path: String, remedy: String? = nil, _ parse: (String) throws(PatternError) -> Value
    ) -> Value? {
        guard let setting = settings[path] else { return nil }
        return value(setting, remedy: remedy, parse)
    }

    mutating func value<Value>(
        _ setting: WrittenSetting, remedy: String? = nil, _ parse: (String) throws(PatternError) -> Value
    ) -> Value? {
        guard let text = text(setting.node, key: setting.key) else { return nil }
        do throws(PatternError) {
            return try parse(text.value)
        } catch {
            fault(setting, text.isConfidential ? confidential : error.description, remedy: remedy)
            return nil
        }
    }

    /// Reads a list, or one text with commas between its parts.
    mutating func list(_ setting: WrittenSetting) -> [ConfigurationNode]? {
        switch setting.node.content {
        case .null: return nil
        case .list(let nodes): return nodes
        case .text(let text):
            return ValueParser.list(text.value).map {
                ConfigurationNode(
                    place: setting.node.place, content: .text(.init(value: $0, isConfidential: text.isConfidential)))
            }
        case .map:
            fault(setting, "is a group of keys instead of a list", remedy: quoteHint(setting.node))
            return nil
        }
    }

    /// Reads each element of a list; the wrong ones become faults and are left out.
    mutating func values<Value>(
        _ path: String, remedy: String? = nil, _ parse: (String) throws(PatternError) -> Value
    ) -> [Value]? {
        guard let setting = settings[path], let nodes = list(setting) else { return nil }
        return nodes.compactMap {
            value(WrittenSetting(key: setting.key, node: $0, variable: setting.variable), remedy: remedy, parse)
        }
    }

    /// A duration with its unit, within bounds.
    mutating func duration(_ path: String, in range: ClosedRange<Duration>) -> Duration? {
        guard let setting = settings[path] else { return nil }
        // OpenTelemetry's own variables count milliseconds.
        let isStandard = setting.variable.map { !$0.hasPrefix("OTEL_EBPF_") } ?? false
        let remedy = isStandard ? "write milliseconds such as 10000" : "write a duration such as 10s or 500ms"
        return value(setting, remedy: remedy) { (text) throws(PatternError) in
            let duration = isStandard ? try ValueParser.milliseconds(text) : try ValueParser.duration(text)
            guard range.contains(duration) else {
                throw PatternError(
                    "\(text.clipped) is not between \(range.lowerBound.written) and \(range.upperBound.written)")
            }
            return duration
        }
    }

    private mutating func text(_ node: ConfigurationNode, key: String) -> ConfigurationNode.Text? {
        switch node.content {
        case .null: return nil
        case .text(let text): return text
        case .list, .map:
            fault(
                WrittenSetting(key: key, node: node), "is \(node.kind), but one value is wanted",
                remedy: quoteHint(node))
            return nil
        }
    }

    /// Patterns may begin with what YAML takes for a collection.
    private func quoteHint(_ node: ConfigurationNode) -> String? {
        switch node.content {
        case .map: "put quotes around a value that begins with '{'"
        case .list: "put quotes around a value that begins with '['"
        case .null, .text: nil
        }
    }

    private var confidential: String { "is filled in from the environment with a value that does not fit" }

    // MARK: Messages

    mutating func fault(_ setting: WrittenSetting, _ problem: String, remedy: String? = nil) {
        fault(SettingsFault(place: setting.node.place, key: setting.key, problem: problem, remedy: remedy))
    }

    /// What is for all signals is read for each.
    mutating func fault(_ fault: SettingsFault) {
        if !faults.contains(fault) { faults.append(fault) }
    }

    mutating func warn(_ setting: WrittenSetting, _ problem: String, remedy: String? = nil) {
        warnings.append(SettingsFault(place: setting.node.place, key: setting.key, problem: problem, remedy: remedy))
    }
}
