extension SettingsBuilder {
    /// What a list of selectors is for, which decides what becomes of an entry that hilo cannot honour in full:
    /// whatever traces less. Nobody must be traced who was excluded, or who was not chosen.
    enum SelectorUse {
        case instrument(patterns: SettingsReader.PatternSyntax)
        case exclude(patterns: SettingsReader.PatternSyntax)
        case defaultExclude(patterns: SettingsReader.PatternSyntax)

        var patterns: SettingsReader.PatternSyntax {
            switch self {
            case .instrument(let patterns), .exclude(let patterns), .defaultExclude(let patterns): patterns
            }
        }
    }

    mutating func selectors(_ path: String, _ use: SelectorUse) -> [Selector] {
        guard let written = reader.written(path) else { return [] }
        guard case .list(let nodes) = written.node.content else {
            // OBI's way to have none of the defaults.
            if written.node.isEmptyText { return [] }
            reader.fault(
                written, "is \(written.node.kind) instead of a list",
                remedy: "write entries such as '- open_ports: 8080' below it")
            return []
        }
        return nodes.enumerated().compactMap { index, node in
            selector(WrittenSetting(key: "\(path)[\(index)]", node: node), use)
        }
    }

    private mutating func selector(_ written: WrittenSetting, _ use: SelectorUse) -> Selector? {
        guard case .map(let entries) = written.node.content else {
            reader.fault(
                written, "is \(written.node.kind) instead of a group of keys",
                remedy: "write 'open_ports: 8080' or the like")
            return nil
        }
        var selector = Selector()
        var reading = SelectorReading()
        for entry in entries {
            if entry.value.isUnset { continue }
            read(entry, of: written, into: &selector, &reading, use)
        }
        guard !reading.isBroken else { return nil }
        if !reading.unsupported.isEmpty { return honour(selector, written, reading, use) }
        guard selector.hasCriteria else {
            reader.fault(
                written, "says nothing about a process", remedy: "add open_ports, exe_path, cmd_args or target_pids")
            return nil
        }
        return reading.exportsTraces ? selector : nil
    }

    /// What was met in one entry besides the selector itself.
    private struct SelectorReading {
        /// A criterion is wrong: a fault was taken down.
        var isBroken = false
        /// The criteria of OBI's that hilo does not know yet.
        var unsupported: [String] = []
        var exportsTraces = true
    }

    private static let unsupportedCriteria = [
        "languages", "container_name", "k8s_namespace", "k8s_pod_name", "k8s_deployment_name", "k8s_replicaset_name",
        "k8s_daemonset_name", "k8s_statefulset_name", "k8s_job_name", "k8s_cronjob_name", "k8s_owner_name",
        "k8s_container_name", "k8s_pod_labels", "k8s_pod_annotations",
    ]
    private static let criteria = ["open_ports", "exe_path", "cmd_args", "target_pids", "containers_only"]
    private static let names = ["name", "namespace", "exports", "sampler", "routes", "metrics"]

    private mutating func read(
        _ entry: ConfigurationNode.Entry, of written: WrittenSetting, into selector: inout Selector,
        _ reading: inout SelectorReading, _ use: SelectorUse
    ) {
        let setting = WrittenSetting(key: "\(written.key).\(entry.key.clipped)", node: entry.value)
        switch entry.key {
        case "open_ports":
            selector.openPorts = reader.ports(setting)
            reading.isBroken = reading.isBroken || selector.openPorts == nil
        case "exe_path", "exe_path_regexp":
            selector.exePath = reader.glob(setting, entry.key == "exe_path" ? use.patterns : .regularExpressions)
            reading.isBroken = reading.isBroken || selector.exePath == nil
        case "cmd_args":
            selector.commandLine = reader.glob(setting, use.patterns)
            reading.isBroken = reading.isBroken || selector.commandLine == nil
        case "target_pids":
            selector.targetPIDs = reader.processIDs(setting)
            reading.isBroken = reading.isBroken || selector.targetPIDs == nil
        case "containers_only":
            let value = reader.value(setting, ValueParser.boolean)
            // False leaves both in.
            selector.inContainer = value == true ? true : nil
            reading.isBroken = reading.isBroken || value == nil
        case "name": selector.name = reader.value(setting, Self.name)
        case "namespace": selector.namespace = reader.value(setting, Self.name)
        case "exports":
            let signals = (reader.list(setting) ?? []).compactMap { node in
                reader.value(WrittenSetting(key: setting.key, node: node)) { (text) throws(PatternError) in text }
            }
            reading.exportsTraces = signals.contains("traces")
            if !reading.exportsTraces {
                reader.warn(setting, "does not list 'traces', so hilo leaves this entry out")
            }
        case "sampler", "routes":
            reader.warn(setting, "is not done by hilo yet for single entries and has no effect")
        case "metrics": reader.warn(setting, "has no effect: hilo makes no metrics of services")
        case _ where Self.unsupportedCriteria.contains(entry.key): reading.unsupported.append(entry.key)
        default:
            let near = NearestName.find(entry.key, among: Self.criteria + Self.names + Self.unsupportedCriteria)
            reader.fault(
                WrittenSetting(key: setting.key, node: entry.node), "is not a known key",
                remedy: near.map { "did you mean '\($0)'?" })
            reading.isBroken = true
        }
    }

    private mutating func honour(
        _ selector: Selector, _ written: WrittenSetting, _ reading: SelectorReading, _ use: SelectorUse
    ) -> Selector? {
        let criteria = reading.unsupported.joined(separator: ", ")
        switch use {
        case .instrument:
            reader.warn(written, "hilo cannot choose by \(criteria) yet, so this entry chooses nothing")
            return nil
        case .defaultExclude where !selector.hasCriteria:
            reader.warn(written, "hilo cannot exclude by \(criteria) yet, so this entry excludes nothing")
            return nil
        case .exclude where !selector.hasCriteria:
            reader.fault(
                written, "hilo cannot exclude by \(criteria) yet, and would trace what this entry excludes",
                remedy: "exclude by exe_path, cmd_args or open_ports, or remove the entry")
            return nil
        case .exclude, .defaultExclude:
            reader.warn(
                written, "hilo cannot exclude by \(criteria) yet, so this entry excludes whatever its other keys match")
            return selector
        }
    }
}
