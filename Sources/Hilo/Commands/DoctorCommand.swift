import ArgumentParser
import Audit
import Coordinate
import Dispatch
import LinuxSys
import Settings
import Supervise
import Synchronization
import Wire

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Says what this kernel and these privileges allow, and what to do about the rest.",
        discussion: """
            It starts the helpers as hilo run would, hears what they found, and has them leave. Nothing is traced. \
            What is off or limited comes with the reason and, where somebody can do something, the remedy. The \
            configuration is read as by hilo run: what it asks for has to work, but that any set of hooks will do, and \
            that no process needs to be chosen.

              $ hilo doctor
              $ hilo doctor --json | jq -r '.features[] | select(.state != "on").remedy'

            Exit code 0 when hilo run would trace, else the one that it would leave with.
            """)

    @Flag(name: .long, help: "Prints JSON.")
    var json = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Whom to become when started as root, by name or number (default: hilo, else nobody).", valueName: "user"))
    var user: String?

    @Option(name: .long, help: ArgumentHelp("A YAML file, as for hilo run.", valueName: "file"))
    var config: String?

    func run() throws {
        let examination = try examine()
        print(json ? examination.json.text + "\n" : examination.text, terminator: "")
        if !examination.wouldTrace { throw ArgumentParser.ExitCode(examination.exitCode.rawValue) }
    }

    private func examine() throws -> Examination {
        if let obstacle = Confinement.obstacle() {
            return Examination(kernel: Host.kernelRelease, obstacle: obstacle)
        }
        do throws(Leaving) {
            let environment = ProcessEnvironment.current()
            let confinement = try Confinement.enter(user: user)
            let settings = try Configuration.load(file: config, environment: environment, requiring: []).settings.ebpf
            do throws(SysError) {
                // Read, so that no helper waits for a reader; what they say comes on their channels as well.
                try confinement.starter.watch(onLine: { _ in }, onEnd: { _ in })
                let examination = try Blocking.run { () async throws(SysError) in
                    try await DoctorCommand.examine(confinement, settings)
                }
                confinement.starter.close()
                return examination
            } catch {
                throw Leaving(.fault, "error: \(error)")
            }
        } catch {
            throw error.asExit()
        }
    }

    private static func examine(
        _ confinement: Confinement, _ settings: EBPFSettings
    ) async throws(SysError) -> Examination {
        let trial = Trial(starter: confinement.starter)
        let asked = HelperPlan.Carriers(settings.contextPropagation)
        let isAsked = !asked.isEmpty
        func reader(_ hooks: HelperPlan.Hooks) async throws(SysError) -> Trial.Outcome {
            let plan = HelperPlan.eventReader(hooks: hooks, sizes: CaptureSizes(ringBytes: 65_536))
            return try await trial.run(plan, abiVersion: KernelSettings.abiVersion)
        }
        return Examination(
            kernel: Host.kernelRelease, bounding: confinement.bounding,
            capture: [try await reader(.socket), try await reader(.fentry), try await reader(.syscall)],
            inspector: try await trial.run(.processInspector, abiVersion: 0),
            passing: try await trial.passOn(
                isAsked ? asked : HelperPlan.Carriers(ContextPropagation.all), abiVersion: KernelSettings.abiVersion,
                controlGroup: settings.controlGroup),
            isPassingAsked: isAsked, tls: try await trial.followTLS(abiVersion: KernelSettings.abiVersion),
            isTLSAsked: settings.tls == .openssl)
    }
}

/// Waits in a thread that is not one of Swift's concurrency for something that is asynchronous.
enum Blocking {
    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
        let done = DispatchSemaphore(value: 0)
    }

    static func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () async throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let box = Box<Result<Value, Failure>>()
        Task.detached {
            let result: Result<Value, Failure>
            do throws(Failure) {
                result = .success(try await body())
            } catch {
                result = .failure(error)
            }
            box.value.withLock { $0 = result }
            box.done.signal()
        }
        while true {
            box.done.wait()
            if let result = box.value.withLock({ $0 }) { return try result.get() }
        }
    }
}
