import ArgumentParser
import Settings
import Wire

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Looks at configuration files.", subcommands: [ConfigValidateCommand.self])
}

struct ConfigValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Says everything that is wrong with a configuration file.",
        discussion: """
            Names and meaning of the keys are those of OpenTelemetry eBPF Instrumentation, so that its files work. \
            What stands in the environment is not looked at, but for the variables that the file refers to as \
            ${NAME}.

              $ hilo config validate hilo.yaml
              hilo: hilo.yaml:1:1: open_prt: is not a known key; did you mean 'open_port'?

            Each fault is one line of standard error: file, line, column, key, what is wrong, what to do. Exit code \
            78 if there is one, else 0.
            """)

    @Argument(help: ArgumentHelp("The file.", valueName: "file"))
    var file: String

    func run() throws {
        try leaving { () throws(Leaving) in
            let loaded = try Configuration.load(file: file, environment: Configuration.onlyReferences(), requiring: [])
            for warning in loaded.warnings { print("warning: \(warning)") }
            var verdict = "\(file): no fault"
            if !loaded.warnings.isEmpty { verdict += ", \(loaded.warnings.count) without effect" }
            if loaded.settings.discovery.instrument.isEmpty {
                verdict += "; which processes to trace has to be said by the environment"
            }
            print(verdict)
        }
    }
}
