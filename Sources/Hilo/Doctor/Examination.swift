import LinuxSys
import Supervise
import Wire

/// What `hilo doctor` has found out, feature by feature.
struct Examination {
    enum State: String {
        case on, limited, off
    }

    struct Feature {
        let name: String
        let state: State
        /// What it is like, or why it is not there.
        let reason: String
        let remedy: String?

        init(_ name: String, _ state: State, _ reason: String, remedy: String? = nil) {
            self.name = name
            self.state = state
            self.reason = reason
            self.remedy = remedy
        }
    }

    let kernel: String
    let features: [Feature]
    /// What `hilo run` would leave with; `success` when it would trace.
    let exitCode: Wire.ExitCode

    var wouldTrace: Bool { exitCode == .success }

    init(
        kernel: String, bounding: BoundingSetEmptied, capture: [Trial.Outcome], inspector: Trial.Outcome,
        passing: Trial.Outcome, isPassingAsked: Bool, tls: Trial.Outcome, isTLSAsked: Bool
    ) {
        self.kernel = kernel
        features =
            Examination.helpers(capture, inspector, passing, tls) + [Examination.coordinator(bounding)]
            + Examination.installation(.ofThisProcess())
        // A run goes on without the last where the kernel does not take it.
        var needed = [inspector] + (isPassingAsked ? [passing] : [])
        if isTLSAsked, case .failed(let explanation) = tls, explanation.exitCode == .privilege { needed.append(tls) }
        exitCode = Examination.exitCode(capture, needed)
    }

    /// Where no helper is worth a trial.
    init(kernel: String, obstacle: Explanation) {
        self.kernel = kernel
        let failed = Trial.Outcome.failed(obstacle)
        features =
            Examination.helpers(Examination.captureNames.map { _ in failed }, failed, failed, failed)
            + Examination.installation(.ofThisProcess())
        exitCode = obstacle.exitCode
    }

    /// In the order in which they are tried.
    private static let captureNames = [
        "capture by socket tracepoints", "capture by kernel functions", "capture by system calls",
    ]

    private static func helpers(
        _ capture: [Trial.Outcome], _ inspector: Trial.Outcome, _ passing: Trial.Outcome, _ tls: Trial.Outcome
    ) -> [Feature] {
        zip(captureNames, capture).map { Examination.capture($0, $1) } + [
            followingTLS(tls), discovery(inspector), environments(inspector), passingOn(passing),
            laterRequests(passing), olderConnections(passing),
        ]
    }

    /// What does not depend on how the helpers get on.
    private static func installation(_ installation: Installation) -> [Feature] {
        [whoMayTrace(installation), whatFilesGive(installation)]
    }

    private static func capture(_ name: String, _ outcome: Trial.Outcome) -> Feature {
        switch outcome {
        case .greeted(let hello):
            let programs = hello.fact("programs")?.split(separator: ",").count ?? 0
            return Feature(name, .on, "\(programs) programs loaded and attached, then every privilege given up")
        case .failed(let explanation): return Feature(name, .off, explanation.cause, remedy: explanation.remedy)
        }
    }

    private static func followingTLS(_ outcome: Trial.Outcome) -> Feature {
        let name = "what is encrypted"
        return switch outcome {
        case .greeted:
            Feature(
                name, .on, "what OpenSSL encrypts for a traced process can be followed; hilo run does so where "
                    + "OTEL_EBPF_BPF_TLS=openssl asks for it")
        case .failed(let explanation):
            Feature(
                name, .limited, "HTTPS cannot be traced (\(explanation.cause)); all else can",
                remedy: explanation.remedy)
        }
    }

    /// `hilo run` needs it where it is told to.
    private static func passingOn(_ outcome: Trial.Outcome) -> Feature {
        let name = "passing the trace on"
        if case .greeted(let hello) = outcome, let reason = hello.fact(Fact.headersWithheld) {
            return Feature(name, .limited, "by the TCP option only: \(reason)")
        }
        return switch outcome {
        case .greeted:
            Feature(
                name, .on,
                "programs loaded and attached, then every privilege given up; hilo run does so where "
                    + "OTEL_EBPF_BPF_CONTEXT_PROPAGATION says what is to carry it: all, headers or tcp, "
                    + "and ip beside them for what older OBIs send")
        case .failed(let explanation): Feature(name, .off, explanation.cause, remedy: explanation.remedy)
        }
    }

    private static func laterRequests(_ outcome: Trial.Outcome) -> Feature {
        let name = "headers on later requests"
        guard case .greeted(let hello) = outcome, hello.fact(Fact.headersWithheld) == nil else {
            return Feature(name, .off, "see passing the trace on")
        }
        let mode = hello.fact(Fact.laterRequests) ?? "the tc-attacher says nothing of them"
        return Feature(
            name, mode.hasPrefix(Fact.inHeader) ? .on : .limited, "behind the first one of a connection: \(mode)")
    }

    private static func olderConnections(_ outcome: Trial.Outcome) -> Feature {
        let name = "connections older than hilo"
        guard case .greeted(let hello) = outcome else { return Feature(name, .off, "see passing the trace on") }
        let mode = hello.fact(Fact.olderConnections) ?? "the tc-attacher says nothing of them"
        return mode == Fact.takenUp
            ? Feature(name, .on, "carry contexts, too, about a second after their first request that is seen")
            : Feature(name, .limited, "carry no context until they are opened anew: \(mode)")
    }

    private static func discovery(_ outcome: Trial.Outcome) -> Feature {
        let name = "finding processes"
        switch outcome {
        case .greeted(let hello) where seesEverything(hello):
            return Feature(name, .on, "executables and ports of every user's processes can be read")
        case .greeted:
            return Feature(
                name, .limited, "executables of every user's processes can be read, ports of hilo's own user's only",
                remedy: inspectorsCapabilities)
        case .failed(let explanation): return Feature(name, .off, explanation.cause, remedy: explanation.remedy)
        }
    }

    private static func seesEverything(_ inspector: Hello) -> Bool {
        inspector.capabilities.effective.contains(.dacReadSearch)
    }

    private static var inspectorsCapabilities: String {
        "as root, setcap \(HelperManifest.processInspector.fileCapabilities) "
            + Installation.ofThisProcess().path(of: .processInspector)
    }

    private static func environments(_ outcome: Trial.Outcome) -> Feature {
        let name = "service names from environments"
        guard case .greeted(let hello) = outcome else {
            return Feature(name, .off, "see finding processes")
        }
        return seesEverything(hello)
            ? Feature(name, .on, "OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES of every user's processes are read")
            : Feature(
                name, .limited, "only those of processes that run as hilo's own user are read",
                remedy: inspectorsCapabilities)
    }

    private static func coordinator(_ bounding: BoundingSetEmptied) -> Feature {
        let name = "coordinator without privilege"
        return switch bounding {
        case .here: Feature(name, .on, "five empty capability sets, no_new_privs")
        case .inUserNamespace:
            Feature(
                name, .on, "five empty capability sets, no_new_privs; the bounding set in a user namespace of its own")
        case .refused(let error):
            Feature(
                name, .limited, "the bounding set could not be emptied (\(error)); no_new_privs makes it of no use",
                remedy: "allow unprivileged user namespaces, or start hilo as root with --user")
        }
    }

    /// Whoever may execute a helper gets what its file permits, whatever he then makes of it.
    private static func whoMayTrace(_ installation: Installation) -> Feature {
        let name = "helpers for hilo alone"
        let open = HelperManifest.helpers.filter { manifest in
            do throws(SysError) {
                return try OwnedFD.name(installation.path(of: manifest)).isExecutableByEveryone()
            } catch {
                return false
            }
        }
        return open.isEmpty
            ? Feature(name, .on, "only root and members of the files' group may execute them")
            : Feature(
                name, .limited,
                "every user of this host may execute \(open.map(\.name).joined(separator: " and ")), and so see what "
                    + "hilo can see",
                remedy: "install them for a group of hilo's own: as root, make stage GROUP=hilo")
    }

    private static func whatFilesGive(_ installation: Installation) -> Feature {
        let name = "capabilities of helpers' files"
        let surpluses = HelperManifest.helpers.compactMap { manifest -> FileSurplus? in
            let path = installation.path(of: manifest)
            do throws(SysError) {
                return FileSurplus(of: try FileCapabilities.of(path), beyond: manifest, at: path)
            } catch {
                // That it cannot be reached is said by its trial.
                return nil
            }
        }
        return surpluses.isEmpty
            ? Feature(name, .on, "their files permit nothing that their manifests do not have")
            : Feature(
                name, .limited, surpluses.map(\.cause).joined(separator: "; "),
                remedy: surpluses.map(\.remedy).joined(separator: "; "))
    }

    /// Any set of hooks does; of several reasons the one that a person can do something about.
    private static func exitCode(_ capture: [Trial.Outcome], _ others: [Trial.Outcome]) -> Wire.ExitCode {
        var codes: [Wire.ExitCode] = capture.compactMap {
            if case .failed(let explanation) = $0 { explanation.exitCode } else { nil }
        }
        if codes.count < capture.count { codes = [] }
        for case .failed(let explanation) in others { codes.append(explanation.exitCode) }
        return codes.contains(.privilege) ? .privilege : codes.first ?? .success
    }
}
