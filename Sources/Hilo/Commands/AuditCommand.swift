import ArgumentParser
import Audit
import LinuxSys
import Wire

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Compares every process of a running hilo with what it may hold.",
        discussion: """
            For each process: its five capability sets, user, NoNewPrivs, Seccomp, whether it is dumpable, and its \
            open descriptors by kind, beside its manifest. Only root may see the descriptors of processes that are \
            not dumpable, which is what hilo's are; without root they are left out, and it is said.

              $ sudo hilo audit
              $ sudo hilo audit --json | jq '.differences'

            A helper that no hilo run has started is a difference too: it has its privileges all the same. Not looked \
            at: what the filters let pass, and Landlock.

            Exit code 0 when everything is as the manifests say, 1 when anything is not, 69 when no hilo runs.
            """)

    @Flag(name: .long, help: "Prints JSON.")
    var json = false

    @Option(name: .long, help: ArgumentHelp("Only the hilo with this process number.", valueName: "number"))
    var pid: Int32?

    /// When there is a difference.
    static let different = ArgumentParser.ExitCode(1)

    func run() throws {
        let report = try report()
        print(json ? report.json.text + "\n" : report.text, terminator: "")
        if !report.differences.isEmpty { throw AuditCommand.different }
    }

    private func report() throws -> AuditReport {
        do throws(Leaving) {
            let survey: RunningHilo.Survey
            do throws(SysError) {
                survey = try RunningHilo.find(pid: pid)
            } catch {
                throw Leaving(.unavailable, "error: /proc cannot be read: \(error)")
            }
            guard !survey.running.isEmpty || !survey.stray.isEmpty else {
                let what = pid.map { "process \($0) is no hilo run" } ?? "there is no hilo run on this machine to audit"
                throw Leaving(.unavailable, "error: \(what)")
            }
            return AuditReport(survey)
        } catch {
            throw error.asExit()
        }
    }
}
