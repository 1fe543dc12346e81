import LinuxSys
import Settings
import Wire

/// Loads settings for the command.
enum Configuration {
    /// The environment without what hilo itself would read from it: what is left are the variables that a file names.
    static func onlyReferences() -> [String: String] {
        ProcessEnvironment.current().filter { !$0.key.hasPrefix("OTEL_") }
    }

    static func load(
        file: String?, environment: [String: String], requiring requirements: SettingsRequirements
    ) throws(Leaving) -> LoadedSettings {
        do throws(SettingsFaults) {
            return try Settings.load(file: file, environment: environment, requiring: requirements)
        } catch {
            throw Leaving(.configuration, lines: error.faults.map(\.description))
        }
    }
}
