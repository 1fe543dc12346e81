extension SettingsBuilder {
    mutating func discovery() -> DiscoverySettings {
        var discovery = DiscoverySettings()
        discovery.instrument = topLevelSelectors() + instrument()
        discovery.excludeInstrument =
            selectors("discovery.exclude_instrument", .exclude(patterns: .globs))
            + selectors("discovery.exclude_services", .exclude(patterns: .regularExpressions))
        if reader.isWritten("discovery.default_exclude_instrument") {
            discovery.defaultExcludeInstrument =
                selectors("discovery.default_exclude_instrument", .defaultExclude(patterns: .globs))
        } else if reader.isWritten("discovery.default_exclude_services") {
            discovery.defaultExcludeInstrument =
                selectors("discovery.default_exclude_services", .defaultExclude(patterns: .regularExpressions))
        }
        return discovery
    }

    /// OBI looks at the older list only where the newer one is missing.
    private mutating func instrument() -> [Selector] {
        let chosen = selectors("discovery.instrument", .instrument(patterns: .globs))
        guard let services = reader.written("discovery.services") else { return chosen }
        guard !reader.isWritten("discovery.instrument") else {
            reader.warn(services, "has no effect beside discovery.instrument")
            return chosen
        }
        return selectors("discovery.services", .instrument(patterns: .regularExpressions))
    }

    // MARK: Outside of discovery

    /// `open_port`, `auto_target_exe` and `target_pids` narrow each other down, as in OBI; several globs choose what
    /// any of them matches.
    private mutating func topLevelSelectors() -> [Selector] {
        var base = Selector()
        base.openPorts = ports("open_port")
        base.targetPIDs = processIDs("target_pids")
        base.name = name("service_name")
        base.namespace = name("service_namespace")
        let globs = executables()
        let isWritten =
            ["open_port", "target_pids", "auto_target_exe", "executable_path"].contains { reader.isWritten($0) }
        if let language = reader.written("auto_target_language") {
            reader.warn(
                language,
                "hilo cannot choose by language yet, so it chooses nothing by this and by the other variables",
                remedy: "use OTEL_EBPF_AUTO_TARGET_EXE or OTEL_EBPF_OPEN_PORT instead")
            return []
        }
        if !isWritten {
            for path in ["service_name", "service_namespace"] {
                guard let setting = reader.written(path) else { continue }
                reader.warn(
                    setting, "has no effect: it names what OTEL_EBPF_OPEN_PORT or OTEL_EBPF_AUTO_TARGET_EXE choose",
                    remedy: "write 'name' into discovery.instrument")
            }
        }
        // A criterion that was written but cannot be read must not make the others choose more.
        let isBroken =
            (base.openPorts == nil && reader.isWritten("open_port"))
            || (base.targetPIDs == nil && reader.isWritten("target_pids"))
        guard !isBroken, let globs else { return [] }
        if globs.isEmpty { return base.hasCriteria ? [base] : [] }
        return globs.map { glob in
            var selector = base
            selector.exePath = glob
            return selector
        }
    }

    /// Empty when none was written; nil when one is wrong.
    private mutating func executables() -> [Glob]? {
        if let written = reader.written("auto_target_exe") {
            if let deprecated = reader.written("executable_path") {
                reader.warn(deprecated, "has no effect beside \(written.key)")
            }
            let nodes = reader.list(written) ?? []
            let globs = nodes.compactMap { reader.glob(WrittenSetting(key: written.key, node: $0), .globs) }
            return globs.count == nodes.count ? globs : nil
        }
        guard let written = reader.written("executable_path") else { return [] }
        return reader.glob(written, .regularExpressions).map { [$0] }
    }

    private mutating func ports(_ path: String) -> PortSet? {
        reader.written(path).flatMap { reader.ports($0) }
    }

    private mutating func processIDs(_ path: String) -> [Int32]? {
        reader.written(path).flatMap { reader.processIDs($0) }
    }
}
