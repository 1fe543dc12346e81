import Yams

/// Turns YAML text into `ConfigurationNode`s: bounded, without a way to make it slow or large by references.
struct ConfigurationParser {
    private static let maximumDepth = 32
    private static let maximumNodes = 50_000

    private let file: ConfigurationFile
    private let environment: [String: String]
    private var nodes = 0
    /// What was found wrong besides the fault that ends parsing.
    private(set) var faults: [SettingsFault] = []

    /// - Parameter environment: what `${NAME}` refers to.
    init(_ file: ConfigurationFile, environment: [String: String]) {
        self.file = file
        self.environment = environment
    }

    /// The entries of the outermost mapping; none for an empty file.
    mutating func parse() throws(SettingsFault) -> [ConfigurationNode.Entry] {
        try refuseReferencesInKeys()
        guard let root = try compose() else { return [] }
        let node = try convert(root, depth: 0)
        switch node.content {
        case .null: return []
        case .map(let entries): return entries
        case .text, .list:
            throw SettingsFault(
                place: node.place, problem: "the file holds \(node.kind) instead of keys",
                remedy: "write keys such as 'open_port: 8080'")
        }
    }

    private func compose() throws(SettingsFault) -> Node? {
        do {
            // The basic resolver leaves every scalar as text; what it means is decided by the key that it belongs to.
            return try Parser(yaml: file.text, resolver: .basic, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw explain(error)
        } catch {
            throw SettingsFault(place: .wholeFile(file.name), problem: "this is not YAML: \(error)")
        }
    }

    private mutating func convert(_ node: Node, depth: Int) throws(SettingsFault) -> ConfigurationNode {
        let place = place(of: node.mark)
        nodes += 1
        guard nodes <= Self.maximumNodes else {
            throw SettingsFault(
                place: place, problem: "the file has more than \(Self.maximumNodes) values, anchors filled in",
                remedy: "use fewer anchors and references")
        }
        guard depth <= Self.maximumDepth else {
            throw SettingsFault(place: place, problem: "values are nested more than \(Self.maximumDepth) deep")
        }
        switch node {
        case .scalar(let scalar):
            return ConfigurationNode(place: place, content: content(of: scalar, at: place))
        case .sequence(let sequence):
            var list: [ConfigurationNode] = []
            for element in sequence { list.append(try convert(element, depth: depth + 1)) }
            return ConfigurationNode(place: place, content: .list(list))
        case .mapping(let mapping):
            return ConfigurationNode(place: place, content: .map(try entries(of: mapping, depth: depth)))
        case .alias:
            // Only its encoder makes these: the parser fills them in.
            return ConfigurationNode(place: place, content: .null)
        }
    }

    private mutating func entries(
        of mapping: Node.Mapping, depth: Int
    ) throws(SettingsFault) -> [ConfigurationNode.Entry] {
        var entries: [ConfigurationNode.Entry] = []
        var merged: [ConfigurationNode.Entry] = []
        for (key, value) in mapping {
            let place = place(of: key.mark)
            guard case .scalar(let name) = key else {
                throw SettingsFault(place: place, problem: "a list or group of keys cannot be a key")
            }
            let value = try convert(value, depth: depth + 1)
            if name.string == "<<", name.style == .plain {
                merged += mergedEntries(value)
            } else {
                entries.append(ConfigurationNode.Entry(key: name.string, place: place, value: value))
            }
        }
        // Merge key of YAML 1.1: what is written wins over what is merged, and the earlier merge over the later.
        var known = Set(entries.map(\.key))
        for entry in merged where known.insert(entry.key).inserted { entries.append(entry) }
        return entries
    }

    private mutating func mergedEntries(_ value: ConfigurationNode) -> [ConfigurationNode.Entry] {
        switch value.content {
        case .map(let entries): return entries
        case .list(let list): return list.flatMap { mergedEntries($0) }
        case .null, .text:
            faults.append(
                SettingsFault(place: value.place, key: "<<", problem: "is \(value.kind), but only keys can be merged"))
            return []
        }
    }

    private mutating func content(of scalar: Node.Scalar, at place: SettingsPlace) -> ConfigurationNode.Content {
        if scalar.style == .plain, ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return .null }
        do throws(PatternError) {
            let text = try EnvironmentReferences.fill(scalar.string, from: environment)
            // A variable that is not set leaves nothing behind, which unsets the key, as in OpenTelemetry's files.
            return text.isConfidential && text.value.isEmpty ? .null : .text(text)
        } catch {
            faults.append(SettingsFault(place: place, problem: error.description))
            return .null
        }
    }

    private func place(of mark: Mark?) -> SettingsPlace {
        guard let mark else { return .wholeFile(file.name) }
        return .file(file.name, line: mark.line, column: mark.column)
    }
}

// MARK: - References

extension ConfigurationParser {
    /// Refuses whatever could make a reference (`*name`) part of a mapping's key.
    ///
    /// Yams compares the keys of a mapping by value while it reads. A key may hold references to values that hold
    /// references, so that thirty lines describe a value of 2^30 parts (CVE-2019-11253 in another reader); everywhere
    /// else Yams shares such parts, and the bound on nodes stops their conversion. A key can hold a reference only
    /// behind `?`, or on the line of the `:` behind `*name`, `]` or `}` (YAML 1.2, sections 7.4 and 8.2.1: an implicit
    /// key is restricted to one line). Comments and quoted text are not told apart: both patterns are rare enough.
    private func refuseReferencesInKeys() throws(SettingsFault) {
        let bytes = Array(file.text.utf8)
        guard Self.mentions(UInt8(ascii: "&"), in: bytes), Self.mentions(UInt8(ascii: "*"), in: bytes) else { return }
        var line = 1
        for content in file.text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
            if Self.mayHoldReferenceInKey(Array(content)) {
                throw SettingsFault(
                    place: .file(file.name, line: line, column: 1),
                    problem: "this line may use a list, a group of keys or a reference as a key, "
                        + "which hilo does not read in a file with anchors",
                    remedy: "write keys as plain text, or write out what the anchors stand for")
            }
            line += 1
        }
    }

    /// Whether `indicator` is followed by a character of a name anywhere: the least that an anchor or reference needs.
    private static func mentions(_ indicator: UInt8, in bytes: [UInt8]) -> Bool {
        zip(bytes, bytes.dropFirst()).contains { $0 == indicator && isNameCharacter($1) }
    }

    private static func mayHoldReferenceInKey(_ line: [UInt8]) -> Bool {
        var inReference = false
        var closed = false
        var previous: UInt8 = 0x20
        for byte in line {
            defer { previous = byte }
            switch byte {
            // libyaml 0.2 takes a `?` in a flow collection as the indicator even without a blank behind it.
            case UInt8(ascii: "?") where isBlank(previous) || "[{,".utf8.contains(previous): return true
            case UInt8(ascii: ":") where closed: return true
            case UInt8(ascii: "*"): (inReference, closed) = (true, true)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): (inReference, closed) = (false, true)
            case _ where isBlank(byte): inReference = false
            case _ where inReference && isNameCharacter(byte): break
            default: (inReference, closed) = (false, false)
            }
        }
        return false
    }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        byte.isDigit || byte.isLetter || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0D
    }
}

// MARK: - Errors

extension ConfigurationParser {
    private func explain(_ error: YamlError) -> SettingsFault {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let detail = context.map { "\($0.text), \(problem)" } ?? problem
            return SettingsFault(
                place: place(of: mark), problem: "this is not YAML: \(detail.trimmed)",
                remedy: remedy(for: detail, at: mark))
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.sorted().map { "'\($0.clipped)'" }.joined(separator: ", ")
            return SettingsFault(
                place: place(of: context.mark), problem: "written twice in the same group: \(names)",
                remedy: "keep one of them")
        case .reader(let problem, _, _, _):
            return SettingsFault(place: .wholeFile(file.name), problem: "this is not YAML: \(problem)")
        default:
            return SettingsFault(place: .wholeFile(file.name), problem: "this is not YAML")
        }
    }

    /// What most often lies behind what the YAML library says.
    private func remedy(for problem: String, at mark: Mark) -> String? {
        let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
        let line = lines.indices.contains(mark.line - 1) ? lines[mark.line - 1] : ""
        if line.prefix(while: { $0 == " " || $0 == "\t" }).contains("\t") {
            return "indent with spaces: YAML does not allow tabs"
        }
        if problem.contains("alias") { return "put quotes around a value that begins with '*'" }
        if problem.contains("cannot start any token") {
            return "put quotes around a value that begins with '%', '@' or '`', and use spaces instead of tabs"
        }
        if problem.contains("another document") { return "keep one document: remove '---'" }
        if problem.contains("mapping values are not allowed") { return "put quotes around a value that holds ': '" }
        return nil
    }
}
