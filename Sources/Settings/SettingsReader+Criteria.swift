extension SettingsReader {
    /// How the patterns of a selector are written.
    enum PatternSyntax {
        case globs
        /// OBI's deprecated keys.
        case regularExpressions
    }

    mutating func glob(_ setting: WrittenSetting, _ syntax: PatternSyntax) -> Glob? {
        switch syntax {
        case .globs:
            return value(setting, remedy: "write a glob such as '*/python3*'") { (text) throws(PatternError) in
                try Glob(text)
            }
        case .regularExpressions:
            return value(setting, remedy: "write a glob into discovery.instrument instead") {
                (text) throws(PatternError) in try Glob(regularExpression: text)
            }
        }
    }

    /// One text, one number, or a list of either.
    mutating func ports(_ setting: WrittenSetting) -> PortSet? {
        let remedy = "write ports such as 8080 or 80,443,8000-8999"
        guard case .list(let nodes) = setting.node.content else {
            return value(setting, remedy: remedy) { (text) throws(PatternError) in try PortSet(parsing: text) }
        }
        var ranges: [ClosedRange<UInt16>] = []
        for node in nodes {
            let element = WrittenSetting(key: setting.key, node: node)
            guard
                let ports = value(
                    element, remedy: remedy, { (text) throws(PatternError) in try PortSet(parsing: text) })
            else { return nil }
            ranges += ports.ranges
        }
        if ranges.isEmpty { fault(setting, "lists no port", remedy: remedy) }
        return ranges.isEmpty ? nil : PortSet(ranges)
    }

    mutating func processIDs(_ setting: WrittenSetting) -> [Int32]? {
        let remedy = "write process ids such as 1234 or 1234,5678"
        guard let nodes = list(setting) else { return nil }
        var pids: [Int32] = []
        for node in nodes {
            let pid = value(WrittenSetting(key: setting.key, node: node), remedy: remedy) {
                // PID_MAX_LIMIT of 64-bit kernels.
                (text) throws(PatternError) in Int32(try ValueParser.integer(text, in: 1...(1 << 22)))
            }
            guard let pid else { return nil }
            if !pids.contains(pid) { pids.append(pid) }
        }
        if pids.isEmpty { fault(setting, "lists no process", remedy: remedy) }
        return pids.isEmpty ? nil : pids
    }
}
