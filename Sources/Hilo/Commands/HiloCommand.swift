import ArgumentParser

struct HiloCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hilo",
        abstract: "Distributed tracing for services that were not changed, with the least privilege.",
        discussion: """
            hilo watches HTTP where the kernel passes it to a server or takes it from a client, and makes \
            OpenTelemetry spans of it. The coordinator has no capability; small helpers have what one task takes, \
            and give it up or are confined to it before they serve.

            Trace whatever listens on port 8080, and draw the traces here:

              $ OTEL_EBPF_OPEN_PORT=8080 hilo run

            Send them to a collector instead:

              $ export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318
              $ OTEL_EBPF_OPEN_PORT=8080-8090,9000 hilo run

            Choose by executable, or write a file:

              $ OTEL_EBPF_AUTO_TARGET_EXE='*/python3*' hilo run
              $ hilo config validate hilo.yaml && hilo run --config hilo.yaml

            See it work, or see why it does not:

              $ hilo demo
              $ hilo doctor

            Exit codes: 0 success, 1 hilo audit found a difference, 64 usage, 69 the kernel lacks what was asked for, \
            70 a fault of hilo's own, 76 helper and coordinator are of different builds, 77 a privilege is missing, 78 \
            configuration.
            """,
        version: "hilo \(Version.text)",
        subcommands: [RunCommand.self, DoctorCommand.self, AuditCommand.self, DemoCommand.self, ConfigCommand.self])
}
