import LinuxSys
import Supervise
import Testing
import Wire

@Suite struct ExplanationTests {
    private func explain(_ trouble: HelperTrouble, _ manifest: HelperManifest = .eventReader) -> Explanation {
        Explanation(trouble, of: manifest, at: "/opt/hilo/libexec/hilo/\(manifest.name)")
    }

    @Test func theHelpersOwnWordsComeFirst() {
        let words = LogMessage(level: .critical, message: "CAP_BPF is missing: it is so. Remedy: do something")
        let explanation = explain(.ended(.exited(77), lastWords: words))
        #expect(explanation.cause == "CAP_BPF is missing: it is so")
        #expect(explanation.remedy == "do something")
        #expect(explanation.exitCode == .privilege)
        #expect(explanation.line == "hilo-event-reader: CAP_BPF is missing: it is so. Remedy: do something")
    }

    @Test func withoutWordsTheExitCodeSpeaks() {
        let explanation = explain(.ended(.exited(77), lastWords: nil))
        #expect(explanation.cause.contains("77"))
        #expect(
            explanation.remedy == "as root, setcap \(HelperManifest.eventReader.fileCapabilities) "
                + "/opt/hilo/libexec/hilo/hilo-event-reader")
        #expect(explain(.ended(.exited(69), lastWords: nil)).exitCode == .unavailable)
        #expect(explain(.ended(.exited(76), lastWords: nil)).exitCode == .version)
        #expect(explain(.ended(.exited(70), lastWords: nil)).exitCode == .fault)
    }

    @Test func signalsAreNamed() {
        #expect(explain(.ended(.killed(signal: 31), lastWords: nil)).cause.contains("seccomp"))
        #expect(explain(.ended(.killed(signal: 9), lastWords: nil)).cause.contains("SIGKILL"))
        #expect(explain(.ended(.killed(signal: 11), lastWords: nil)).cause.contains("SIGSEGV"))
        #expect(explain(.ended(.killed(signal: 15), lastWords: nil)).cause.contains("SIGTERM"))
    }

    @Test(arguments: [
        (Errno.noEntry, "is not there", ExitCode.fault), (Errno.accessDenied, "may not be executed", .privilege),
        (Errno.notPermitted, "=ep", .privilege),
    ])
    func aProgramThatCannotBeStarted(_ code: Int32, _ words: String, _ exitCode: ExitCode) {
        let failure = StartFailure.helper(SpawnError(step: .exec, path: "/x", code: code))
        let explanation = explain(.notStarted(failure))
        #expect(explanation.cause.contains(words))
        #expect(explanation.remedy != nil)
        #expect(explanation.exitCode == exitCode)
    }

    @Test func failuresToStartAreSaidInWords() {
        #expect("\(StartFailure.starter("it was told to leave"))" == "it was told to leave")
        let failure = StartFailure.helper(SpawnError(step: .prepare, path: "/x", code: Errno.noMemory))
        #expect("\(failure)" == "prepare to start /x: Cannot allocate memory (ENOMEM)")
    }

    @Test func everyLineIsOneLine() {
        let troubles: [HelperTrouble] = [
            .notStarted(.starter("gone")), .notStarted(.starterLate(seconds: 30)), .silent(seconds: 30),
            .impostor(.processInspector), .otherProtocol(2), .otherABI(9), .misbehaved("a reason"),
            .ended(.exited(0), lastWords: nil), .ended(.exited(3), lastWords: nil),
        ]
        for trouble in troubles {
            let line = explain(trouble).line
            #expect(line.hasPrefix("hilo-event-reader: "))
            #expect(!line.contains("\n"))
        }
    }
}
