import Settings
import Testing

/// What came of a configuration, in the form that tests look at.
struct Loading {
    let settings: Settings?
    let faults: [SettingsFault]
    let warnings: [SettingsFault]

    init(
        _ yaml: String? = nil, environment: [String: String] = [:], requiring requirements: SettingsRequirements = []
    ) {
        do throws(SettingsFaults) {
            let loaded =
                if let yaml {
                    try Settings.load(yaml: yaml, name: "hilo.yaml", environment: environment, requiring: requirements)
                } else {
                    try Settings.load(file: nil, environment: environment, requiring: requirements)
                }
            (settings, faults, warnings) = (loaded.settings, [], loaded.warnings)
        } catch {
            (settings, faults, warnings) = (nil, error.faults, error.warnings)
        }
    }

    /// The settings of a configuration without any fault; an issue is recorded if there is one.
    func get(sourceLocation: SourceLocation = #_sourceLocation) throws -> Settings {
        #expect(faults.map(\.description) == [], sourceLocation: sourceLocation)
        return try #require(settings, sourceLocation: sourceLocation)
    }

    var faultTexts: [String] { faults.map(\.description) }
    var warningTexts: [String] { warnings.map(\.description) }
}

/// A generator whose numbers a failing test can be run again with.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
