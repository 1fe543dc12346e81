/// A value that somebody wrote, and how they called it.
struct WrittenSetting {
    /// The path in YAML, or the variable's name.
    let key: String
    let node: ConfigurationNode
    /// The variable that it came from; nil for the file.
    var variable: String?
}

/// What the file and the environment say together, by the path of the key: the environment wins.
struct SettingsSources {
    private(set) var settings: [String: WrittenSetting] = [:]
    private(set) var faults: [SettingsFault] = []
    private(set) var warnings: [SettingsFault] = []

    init(entries: [ConfigurationNode.Entry], environment: [String: String]) {
        collect(entries, under: "")
        // An empty variable is as good as none (OpenTelemetry, environment variable specification).
        collect(environment.filter { !$0.value.isEmpty })
    }

    // MARK: The file

    private mutating func collect(_ entries: [ConfigurationNode.Entry], under section: String) {
        for entry in entries {
            let path = section.isEmpty ? entry.key : "\(section).\(entry.key)"
            if let known = KnownKeys.byPath[path], !Self.isVariable(path) {
                take(entry, as: known)
            } else if KnownKeys.isSection(path) {
                switch entry.value.content {
                case .null: break
                case .map(let entries): collect(entries, under: path)
                case .text, .list:
                    faults.append(
                        SettingsFault(
                            place: entry.value.place, key: path,
                            problem: "is \(entry.value.kind) instead of a group of keys",
                            remedy: "write keys below it, such as '\(KnownKeys.firstKey(in: path) ?? "…")'"))
                }
            } else {
                faults.append(unknown(entry, at: path, in: section))
            }
        }
    }

    private mutating func take(_ entry: ConfigurationNode.Entry, as known: KnownKey) {
        guard !entry.value.isUnset || (known.hasEmptyValue && entry.value.isEmptyText) else { return }
        report(known, writtenAs: known.path, at: entry.place)
        if known.isRead {
            settings[known.path] = WrittenSetting(key: known.path, node: entry.value)
        }
    }

    private func unknown(_ entry: ConfigurationNode.Entry, at path: String, in section: String) -> SettingsFault {
        let name = entry.key.clipped
        let remedy: String?
        if let near = NearestName.find(entry.key, among: KnownKeys.children(of: section)) {
            remedy = "did you mean '\(section.isEmpty ? near : "\(section).\(near)")'?"
        } else if let elsewhere = KnownKeys.paths(endingIn: entry.key).first {
            remedy = "did you mean '\(elsewhere)'?"
        } else if Self.isVariable(entry.key) {
            remedy = "this is an environment variable, not a key of the file"
        } else {
            remedy = nil
        }
        return SettingsFault(
            place: entry.place, key: section.isEmpty ? name : "\(section).\(name)", problem: "is not a known key",
            remedy: remedy)
    }

    // MARK: The environment

    private mutating func collect(_ environment: [String: String]) {
        for known in KnownKeys.all {
            // All of them are told about, the strongest is taken.
            let present = environment.keys.filter { known.owns($0) && known.path == KnownKeys.owner(of: $0)?.path }
                .sorted()
            for variable in present { report(known, writtenAs: variable, at: .environment) }
            guard known.isRead else { continue }
            let strongest = known.environment.first { environment[$0] != nil }
            let weakest = settings[known.path] == nil ? known.fallback.first { environment[$0] != nil } : nil
            guard let variable = strongest ?? weakest, let value = environment[variable] else { continue }
            settings[known.path] = WrittenSetting(
                key: variable,
                node: ConfigurationNode(place: .environment, content: .text(.init(value: value.trimmed))),
                variable: variable)
        }
        for variable in environment.keys.sorted()
        where variable.hasPrefix("OTEL_EBPF_") && KnownKeys.owner(of: variable) == nil {
            let near = NearestName.find(variable, among: KnownKeys.variables)
            faults.append(
                SettingsFault(
                    place: .environment, key: variable.clipped, problem: "is not a known variable",
                    remedy: near.map { "did you mean '\($0)'?" }))
        }
    }

    // MARK: Both

    private mutating func report(_ known: KnownKey, writtenAs key: String, at place: SettingsPlace) {
        if case .refused(let reason) = known.status {
            faults.append(SettingsFault(place: place, key: key, problem: reason))
        } else if let (problem, remedy) = known.warning {
            warnings.append(SettingsFault(place: place, key: key, problem: problem, remedy: remedy))
        }
    }

    /// Whether a path of the table, or a key in a file, is the name of a variable.
    private static func isVariable(_ path: String) -> Bool {
        path.hasPrefix("OTEL_")
    }
}

extension KnownKeys {
    /// Paths by what comes before the last dot, and its sections themselves by theirs: the file's shape.
    private static let childrenBySection: [String: [String]] = {
        var children: [String: [String]] = [:]
        for key in all where !key.path.hasPrefix("OTEL_") {
            var section = ""
            for name in key.path.split(separator: ".").map(String.init) {
                if !children[section, default: []].contains(name) { children[section, default: []].append(name) }
                section = section.isEmpty ? name : "\(section).\(name)"
            }
        }
        return children
    }()

    /// The names of all variables, without those that stand for many.
    static let variables = all.flatMap { $0.environment + $0.fallback }.filter { !$0.hasSuffix("*") }

    private static let ownersByVariable = Dictionary(
        all.flatMap { key in (key.environment + key.fallback).map { ($0, key) } },
        uniquingKeysWith: { first, _ in first })

    static func isSection(_ path: String) -> Bool { childrenBySection[path] != nil }

    static func children(of section: String) -> [String] { childrenBySection[section] ?? [] }

    static func firstKey(in section: String) -> String? { children(of: section).first }

    static func paths(endingIn name: String) -> [String] {
        all.map(\.path).filter { $0.hasSuffix(".\(name)") }
    }

    /// The key that a variable belongs to: the one that names it, else the one that stands for many.
    static func owner(of variable: String) -> KnownKey? {
        ownersByVariable[variable] ?? all.first { $0.owns(variable) }
    }
}
