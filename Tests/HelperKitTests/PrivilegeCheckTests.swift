import HelperKit
import LinuxSys
import Testing
import Wire

/// Each way in which a helper gets too little or too much, and the line that says so.
@Suite struct PrivilegeCheckTests {
    private let manifest = HelperManifest.eventReader

    private func check(_ permitted: CapabilitySet, bounding: CapabilitySet = CapabilitySet(rawValue: .max))
        -> PrivilegeCheck
    {
        PrivilegeCheck(manifest: manifest, capabilities: Capabilities(permitted: permitted, bounding: bounding))
    }

    private func surroundings(file: CapabilitySet? = [.bpf, .perfmon, .setpcap]) -> Surroundings {
        var surroundings = Surroundings()
        surroundings.fileCapabilities = file
        surroundings.executable = "/x/hilo-event-reader"
        return surroundings
    }

    private func line(_ check: PrivilegeCheck, _ surroundings: Surroundings) -> String {
        let fault = check.fault(in: surroundings)
        #expect(fault.exitCode == .privilege)
        #expect(!fault.message.contains("\n"))
        return fault.message
    }

    @Test func exactlyTheManifestIsEnough() {
        #expect(check([.bpf, .perfmon]).isSatisfied)
        #expect(check([.bpf, .perfmon, .setpcap]).isSatisfied)
        #expect(!check([.bpf]).isSatisfied)
        #expect(!check([.bpf, .perfmon, .netAdmin]).isSatisfied)
        #expect(!check([]).isSatisfied)
    }

    private static let setcap = "as root, setcap cap_setpcap,cap_perfmon,cap_bpf=p /x/hilo-event-reader"

    @Test func noFileCapabilities() {
        #expect(
            line(check([]), surroundings(file: nil))
                == "CAP_PERFMON,CAP_BPF is missing: the file /x/hilo-event-reader has no capabilities "
                + "(a copy or a write loses them). Remedy: \(Self.setcap)")
    }

    @Test func tooFewFileCapabilities() {
        #expect(
            line(check([.bpf]), surroundings(file: .bpf))
                == "CAP_PERFMON is missing: the file /x/hilo-event-reader permits only CAP_BPF. Remedy: \(Self.setcap)")
    }

    @Test func noNewPrivileges() {
        var around = surroundings()
        around.noNewPrivileges = true
        // It is named before anything that it makes irrelevant.
        around.nosuidMount = true
        let line = line(check([], bounding: []), around)
        #expect(line.hasPrefix("CAP_PERFMON,CAP_BPF is missing: no_new_privs is set"))
        #expect(line.contains("allowPrivilegeEscalation"))
    }

    @Test func nosuidMount() {
        var around = surroundings()
        around.nosuidMount = true
        #expect(line(check([]), around).contains("a mount with nosuid"))
    }

    @Test func theBoundingSet() {
        let line = line(check([.bpf], bounding: [.bpf, .setpcap]), surroundings())
        #expect(line.hasPrefix("CAP_PERFMON is missing: the bounding set lacks CAP_PERFMON. Remedy: "))
        #expect(line.contains("CapabilityBoundingSet="))
    }

    @Test func aTracerOrAnotherNamespace() {
        var around = surroundings()
        #expect(line(check([]), around).contains("user namespace"))
        around.isTraced = true
        #expect(line(check([]), around).contains("traced"))
    }

    @Test func tooMuchByTheFile() {
        #expect(
            line(check([.bpf, .perfmon, .sysAdmin]), surroundings(file: [.bpf, .perfmon, .sysAdmin]))
                == "CAP_SYS_ADMIN is more than this helper may have: the file /x/hilo-event-reader permits too much. "
                + "Remedy: \(Self.setcap)")
    }

    @Test func tooMuchAsRoot() {
        var around = surroundings()
        around.isRoot = true
        let line = line(check(CapabilitySet(rawValue: (1 << 41) - 1)), around)
        #expect(line.hasPrefix("CAP_CHOWN and 37 others is more than this helper may have: it was started as root."))
    }

    @Test func tooMuchByInheritance() {
        let given = PrivilegeCheck(
            manifest: manifest,
            capabilities: Capabilities(permitted: [.bpf, .perfmon, .netAdmin], ambient: .netAdmin))
        #expect(line(given, surroundings()).contains("ambient"))
        #expect(line(check([.bpf, .perfmon, .netAdmin]), surroundings()).contains("whoever started it"))
    }

    @Test func theFactsSayTheSame() {
        let fault = check([.bpf]).fault(in: surroundings(file: nil))
        #expect(fault.facts.map(\.name) == ["missing", "cause", "remedy"])
        #expect(fault.facts[0].value == "CAP_PERFMON")
    }

    @Test func aWrongVersionHasACodeOfItsOwn() {
        #expect(HelperFault(WireError.wrongVersion(2)).exitCode == .version)
        #expect(HelperFault(WireError.truncated).exitCode == .fault)
    }
}
