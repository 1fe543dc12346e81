/// Where a setting was written.
public enum SettingsPlace: Sendable, Hashable {
    /// Line and column count from 1; the column counts Unicode scalars.
    case file(String, line: Int, column: Int)
    /// A file as a whole: it could not be read, or something is missing in it.
    case wholeFile(String)
    case environment
    /// Nowhere: what is wrong is that something is missing.
    case nowhere
}

/// One thing that is wrong with, or ineffective in, a configuration. It never repeats a header's value, a URL, or text
/// that came out of the environment through `${NAME}`.
public struct SettingsFault: Error, Sendable, Hashable {
    public let place: SettingsPlace
    /// The key's full path in YAML (`ebpf.ring_bytes`) or the variable's name; nil when no key is to blame.
    public let key: String?
    /// What is wrong.
    public let problem: String
    /// What to do about it.
    public let remedy: String?

    public init(place: SettingsPlace, key: String? = nil, problem: String, remedy: String? = nil) {
        self.place = place
        self.key = key
        self.problem = problem
        self.remedy = remedy
    }
}

extension SettingsFault {
    /// Whether it is about a key of `spool`, or its variable.
    public var isAboutSpool: Bool {
        key.map { $0.hasPrefix("spool.") || $0.hasPrefix("OTEL_EBPF_SPOOL_") } ?? false
    }
}

extension SettingsFault: CustomStringConvertible {
    /// `file:line:column: key: what is wrong; remedy`, on one line.
    public var description: String {
        let place: String? =
            switch self.place {
            case .file(let name, let line, let column): "\(name):\(line):\(column)"
            case .wholeFile(let name): name
            case .environment: "environment"
            case .nowhere: nil
            }
        let what = remedy.map { "\(problem); \($0)" } ?? problem
        return [place, key, what].compactMap(\.self).joined(separator: ": ")
    }
}

/// Everything that is wrong with a configuration; never empty.
public struct SettingsFaults: Error, Sendable, Equatable {
    public let faults: [SettingsFault]
    /// What would have been said besides.
    public let warnings: [SettingsFault]
}

extension SettingsFaults: CustomStringConvertible {
    /// One fault a line.
    public var description: String {
        faults.map(\.description).joined(separator: "\n")
    }
}

/// A configuration that can be run with.
public struct LoadedSettings: Sendable, Equatable {
    public let settings: Settings
    /// What was written but has no effect, or not the one that OBI gives it. Worth a log line each.
    public let warnings: [SettingsFault]
}

/// What must be said before a configuration is complete.
public struct SettingsRequirements: OptionSet, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Which processes to trace.
    public static let selection = SettingsRequirements(rawValue: 1)
    /// Where spans go.
    public static let output = SettingsRequirements(rawValue: 2)
    /// What `hilo run` needs.
    public static let all: SettingsRequirements = [.selection, .output]
}
