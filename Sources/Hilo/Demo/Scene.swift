import Glibc
import LinuxSys
import Supervise
import Wire

/// The demo: three services and a client that know nothing of tracing, one request, and its trace.
struct Scene {
    private let programs: Programs
    private let directory: String
    private let ports: [UInt16]
    private let environment: [String: String]
    private var processes: [SampleProcess] = []

    /// What the demo runs, as paths.
    struct Programs {
        let python: String
        let curl: String
        let nginx: String
        let samples: String
    }

    /// - Parameter directory: empty, writable, and removed afterwards by whoever made it.
    init(_ programs: Programs, directory: String, environment: [String: String]) throws(Leaving) {
        self.programs = programs
        self.directory = directory
        ports = try Loopback.freePorts(3)
        // What hilo and curl would read from the environment is not meant for the demo.
        self.environment = environment.filter {
            !$0.key.hasPrefix("OTEL_") && !$0.key.lowercased().hasSuffix("_proxy") && $0.key != "NOTIFY_SOCKET"
        }
    }

    private var url: String { "http://127.0.0.1:\(ports[0])/checkout/42" }

    /// Plays it, and stops everything that it started.
    mutating func play() throws(Leaving) {
        do throws(Leaving) {
            try act()
        } catch {
            stopAll()
            throw error
        }
        stopAll()
    }

    private mutating func act() throws(Leaving) {
        print("curl → nginx :\(ports[0]) → server_a.py :\(ports[1]) → server_b.py :\(ports[2])")
        print("None of them was changed, and none knows of hilo.\n")
        try startServices()
        let client = try startClient()
        let hilo = try startHilo(tracing: client)
        print("$ curl \(url)")
        // Others write to it next.
        fflush(nil)
        client.say("go")
        try wait(for: "an answer", of: client) { client.end != nil }
        guard client.end == 0 else { throw Scene.failed("curl got no answer", client) }
        // The last byte has left the servers before curl has it; what they do afterwards is part of no span.
        usleep(200_000)
        try finish(hilo)
    }

    private mutating func start(
        _ name: String, _ arguments: [String], adding more: [String: String] = [:], showsOutput: Bool = false
    ) throws(Leaving) -> SampleProcess {
        let process = try SampleProcess(
            name, in: directory, arguments: arguments, environment: environment.merging(more) { $1 },
            showsOutput: showsOutput)
        processes.append(process)
        return process
    }

    private mutating func startServices() throws(Leaving) {
        func python(_ script: String) -> [String] { [programs.python, "-B", "\(programs.samples)/\(script)"] }
        let services = [
            try start("server_b", python("server_b.py") + ["--port", "\(ports[2])"]),
            try start("server_a", python("server_a.py") + ["--port", "\(ports[1])", "--upstream", "\(ports[2])"]),
            try start(
                "nginx",
                python("nginx.py") + ["--port", "\(ports[0])", "--upstream", "\(ports[1])", "--directory", directory]),
        ]
        for (service, port) in zip(services, ports.reversed()) {
            try wait(for: "\(service.name) to listen", of: service) { Loopback.answers(on: port) }
        }
    }

    /// A shell that becomes curl when it is told to: so its number is known beforehand, and its one request is traced
    /// from the client's side as well.
    private mutating func startClient() throws(Leaving) -> SampleProcess {
        try start(
            "curl",
            ["/bin/sh", "-c", "read -r go && exec \"$@\"", "sh", programs.curl, "-sS", "--max-time", "10", url],
            showsOutput: true)
    }

    private mutating func startHilo(tracing client: SampleProcess) throws(Leaving) -> SampleProcess {
        let file = "\(directory)/hilo.yaml"
        let settings = """
            trace_printer: tree
            discovery:
              instrument:
                - open_ports: \(ports.map { "\($0)" }.joined(separator: ","))
                - target_pids: [\(client.pid)]
            """
        guard let stream = fopen(file, "we") else {
            throw Leaving(.fault, "error: \(file): \(SysError.text(of: errno))")
        }
        fputs(settings, stream)
        fclose(stream)
        let ready = try ReadySocket("\(directory)/notify")
        let hilo = try start(
            "hilo", [OwnExecutable.path(), "run", "--config", file], adding: ["NOTIFY_SOCKET": ready.path],
            showsOutput: true)
        try wait(for: "hilo to be ready", of: hilo) { ready.isReady() }
        return hilo
    }

    /// hilo prints what it has when it is told to stop.
    private func finish(_ hilo: SampleProcess) throws(Leaving) {
        let code = hilo.stop()
        let closing = hilo.lastWords.last { $0.contains(" spans=") } ?? ""
        guard code == 0, !closing.isEmpty, !closing.hasSuffix(" spans=0"), !closing.contains(" spans=0 ") else {
            throw Scene.failed("hilo saw nothing of the request", hilo)
        }
    }

    private mutating func stopAll() {
        for process in processes.reversed() { process.stop() }
        processes = []
    }

    /// Looks every few milliseconds, for as long as the process lives and nobody wants to stop.
    private func wait(for what: String, of process: SampleProcess, _ isDone: () -> Bool) throws(Leaving) {
        for _ in 0..<2000 {
            if isDone() { return }
            if let end = process.end {
                // hilo's own last line has cause and remedy, and its exit code says the same.
                let code = process.name == "hilo" ? Wire.ExitCode(rawValue: end) ?? .fault : .fault
                throw Leaving(code, lines: Scene.explanation("\(process.name) has ended", process))
            }
            if StopSignals.isPending { throw Leaving(.success, "stopped") }
            usleep(10_000)
        }
        throw Scene.failed("waited 20 s for \(what)", process)
    }

    private static func failed(_ what: String, _ process: SampleProcess) -> Leaving {
        Leaving(.fault, lines: explanation(what, process))
    }

    private static func explanation(_ what: String, _ process: SampleProcess) -> [String] {
        ["error: \(what)"] + process.lastWords.suffix(10).map { "  \($0)" }
    }
}
