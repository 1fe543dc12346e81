extension SettingsBuilder {
    // MARK: Routes

    mutating func routes() -> RouteSettings {
        var routes = RouteSettings()
        if let patterns = reader.values("routes.patterns", remedy: "write paths such as /users/{id}", routePattern) {
            routes.patterns = patterns
        }
        if let unmatched = reader.written("routes.unmatched") {
            routes.unmatched = self.unmatched(unmatched) ?? routes.unmatched
        }
        if let wildcard = reader.value("routes.wildcard_char", remedy: "write one character", wildcard) {
            routes.wildcard = wildcard
        }
        return routes
    }

    private func routePattern(_ text: String) throws(PatternError) -> String {
        guard text.hasPrefix("/") || text.hasPrefix("*") else {
            throw PatternError("'\(text.clipped)' does not begin with '/'")
        }
        guard !text.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) else {
            throw PatternError("'\(text.clipped)' holds white space, a query or a fragment")
        }
        let isOpen = text.split(separator: "/").contains { segment in
            segment.firstIndex(of: "{").map { !segment[$0...].contains("}") } ?? false
        }
        guard !isOpen else {
            throw PatternError("'\(text.clipped)' has a '{' without its '}' in the same segment")
        }
        return try Self.name(text)
    }

    private mutating func unmatched(_ written: WrittenSetting) -> UnmatchedRoute? {
        let low = "low-cardinality"
        let name = reader.value(written) { (text) throws(PatternError) -> String in
            let names = UnmatchedRoute.allCases.map(\.rawValue) + [low, ""]
            guard names.contains(text.lowercased()) else { throw ValueParser.notOne(text, of: names) }
            return text.lowercased()
        }
        switch name {
        case nil: return nil
        case "": return .wildcard
        case low:
            reader.warn(written, "'\(low)' is not done by hilo yet; 'heuristic' is used")
            return .heuristic
        case let name?: return UnmatchedRoute(rawValue: name)
        }
    }

    private func wildcard(_ text: String) throws(PatternError) -> Character {
        guard text.count == 1, let character = text.first, !character.isWhitespace, character != "/" else {
            throw PatternError("'\(text.clipped)' is not one visible character other than '/'")
        }
        return character
    }

    // MARK: Attributes of spans

    mutating func attributes() -> AttributeSettings {
        AttributeSettings(
            selectQuery: selectQuery(), hostID: name("attributes.host_id.override"),
            hostName: name("attributes.instance_id.override_hostname"),
            knownMethods: reader.values(
                "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", remedy: "write methods such as GET,POST,QUERY", method
            ).map { Set($0) })
    }

    /// A token of RFC 9110, 5.6.2. Methods are case-sensitive.
    private func method(_ text: String) throws(PatternError) -> String {
        let isToken = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
        guard isToken, !text.isEmpty else { throw PatternError("'\(text.clipped)' is not a request method") }
        return text
    }

    /// `attributes.select` maps a signal's name to globs of attributes to include and to exclude. Of the signals only
    /// `traces` means something to hilo, and of the attributes only `url.query`, which is the only optional one.
    private mutating func selectQuery() -> Bool {
        guard let written = reader.written("attributes.select") else { return false }
        guard case .map(let signals) = written.node.content else {
            reader.fault(
                written, "is \(written.node.kind) instead of a group of keys",
                remedy: "write 'traces: {include: [\"url.query\"]}' below it")
            return false
        }
        var isIncluded = false
        var isExcluded = false
        for signal in signals {
            let key = "attributes.select.\(signal.key.clipped)"
            guard signal.key == "traces" else {
                reader.warn(
                    WrittenSetting(key: key, node: signal.node), "has no effect: hilo makes no metrics of services")
                continue
            }
            guard case .map(let lists) = signal.value.content else {
                if case .null = signal.value.content { continue }
                reader.fault(
                    WrittenSetting(key: key, node: signal.value), "is \(signal.value.kind) instead of a group of keys",
                    remedy: "write 'include' or 'exclude' below it")
                continue
            }
            for list in lists {
                let setting = WrittenSetting(key: "\(key).\(list.key.clipped)", node: list.value)
                switch list.key {
                case "include": isIncluded = mentionsQuery(setting, warnOthers: true)
                case "exclude": isExcluded = mentionsQuery(setting, warnOthers: false)
                default:
                    reader.fault(
                        WrittenSetting(key: setting.key, node: list.node), "is not a known key",
                        remedy: "write 'include' or 'exclude'")
                }
            }
        }
        return isIncluded && !isExcluded
    }

    private mutating func mentionsQuery(_ setting: WrittenSetting, warnOthers: Bool) -> Bool {
        var found = false
        for node in reader.list(setting) ?? [] {
            let element = WrittenSetting(key: setting.key, node: node)
            let glob = reader.value(element) { (text) throws(PatternError) in try Glob(text) }
            guard let glob else { continue }
            if glob.matches("url.query") {
                found = true
            } else if warnOthers {
                reader.warn(element, "'\(glob.pattern.clipped)' names no optional attribute of hilo's spans")
            }
        }
        return found
    }

    // MARK: Attributes of resources

    mutating func resourceAttributes() -> [NamedValue] {
        guard let written = reader.written("OTEL_RESOURCE_ATTRIBUTES") else { return [] }
        let remedy = "write name=value pairs with commas between them, and %2C for a comma in a value"
        var pairs: [NamedValue] = []
        for pair in reader.value(written, remedy: remedy, ValueParser.pairs) ?? [] {
            if ["service.name", "service.namespace", "service.instance.id"].contains(pair.name) {
                reader.warn(
                    written, "\(pair.name) has no effect here: it belongs to the traced process",
                    remedy: "use OTEL_SERVICE_NAME, or set it in the traced process")
            } else if let index = pairs.firstIndex(where: { $0.name == pair.name }) {
                pairs[index] = pair
            } else {
                pairs.append(pair)
            }
        }
        return pairs
    }
}

extension ConfigurationNode.Entry {
    /// The key itself, as something to complain about.
    var node: ConfigurationNode { ConfigurationNode(place: place, content: value.content) }
}
