import Settings

/// A configuration file.
@Sendable func fuzzSettings(_ input: UnsafeRawBufferPointer) {
    load { () throws(SettingsFaults) in
        try Settings.load(yaml: Array(input), name: "fuzz.yaml", environment: ["X": "x\n- y: [", "PORT": "8080"])
    }
}

/// Variables, one a line: NAME=VALUE.
@Sendable func fuzzEnvironment(_ input: UnsafeRawBufferPointer) {
    var environment: [String: String] = [:]
    for line in input.split(separator: 0x0a, maxSplits: 64) {
        let parts = line.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { continue }
        environment[String(decoding: parts[0], as: UTF8.self)] = String(decoding: parts[1], as: UTF8.self)
    }
    // A path to any file of this machine.
    environment["OTEL_EBPF_CONFIG_PATH"] = nil
    load { [environment] () throws(SettingsFaults) in try Settings.load(file: nil, environment: environment) }
}

/// Ends with settings, whose patterns match in bounded time, or with faults that can be printed.
private func load(_ body: () throws(SettingsFaults) -> LoadedSettings) {
    do throws(SettingsFaults) {
        let loaded = try body()
        for warning in loaded.warnings { checkFault(warning) }
        checkSettings(loaded.settings)
        check((try? body()) == loaded, "the same text gives the same settings")
    } catch {
        check(!error.faults.isEmpty, "no settings and no fault")
        for fault in error.faults + error.warnings { checkFault(fault) }
    }
}

private func checkFault(_ fault: SettingsFault) {
    let text = fault.description
    check(!text.isEmpty && text.utf8.count < 1500, "a fault of \(text.utf8.count) bytes")
    check(!text.unicodeScalars.contains { $0.properties.generalCategory == .control }, "a fault with controls: \(text)")
}

private func checkSettings(_ settings: Settings) {
    let path = String(repeating: "/usr/bin/aaaaaaaaaaab", count: 20)
    for selector in settings.discovery.instrument {
        for glob in [selector.exePath, selector.commandLine] { _ = glob?.matches(path) }
    }
    // Whatever was written about headers, a description of the settings does not show it.
    for header in settings.traces.collector.headers where header.value.revealed.utf8.count > 3 {
        check(!"\(header.value)".contains(header.value.revealed), "a secret describes itself")
    }
}
