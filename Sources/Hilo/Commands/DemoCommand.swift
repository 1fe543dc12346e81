import ArgumentParser
import LinuxSys
import Supervise
import Wire

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Starts sample services, sends a request through them, and draws the trace.",
        discussion: """
            curl asks nginx, which asks a Python server, which asks another one, all on free ports of 127.0.0.1. \
            hilo traces these four and nothing else. Everything is stopped and removed again at the end. Needs \
            nginx, python3 and curl.

              $ hilo demo

            Exit code 0 when the trace was drawn or it was stopped, 69 when a program is missing, 70 when a sample \
            service fails, else that of hilo run.
            """)

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Whom to become when started as root, by name or number (default: hilo, else nobody).", valueName: "user"))
    var user: String?

    func run() throws {
        try leaving { () throws(Leaving) in
            // The scene asks for them, so that everything is stopped and removed in any case.
            StopSignals.block()
            let environment = ProcessEnvironment.current()
            try Confinement.becomeUnprivileged(user: user)
            let programs = try Scene.Programs.find(environment)
            try TemporaryDirectory.with { (directory) throws(Leaving) in
                var scene = try Scene(programs, directory: directory, environment: environment)
                try scene.play()
            }
            print("\nEverything is stopped. Your own services: OTEL_EBPF_OPEN_PORT=8080 hilo run")
        }
    }
}
