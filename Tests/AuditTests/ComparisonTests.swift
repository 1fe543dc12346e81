import Audit
import LinuxSys
import Testing
import Wire

@Suite struct ComparisonTests {
    /// As the manifest wants it.
    static func right(_ expected: SteadyState) -> Observation {
        var capabilities = Capabilities(effective: expected.allowed, permitted: expected.allowed)
        if case .atLeast(let least) = expected.bounding { capabilities.bounding = least }
        return Observation(
            pid: 7, parent: 1, name: expected.name, users: [65534, 65534, 65534, 65534],
            privileges: Observation.Privileges(
                capabilities: capabilities, noNewPrivileges: expected.noNewPrivileges, seccomp: expected.seccomp),
            dumpable: false, descriptors: [.standardStream: 3, .channel: 1])
    }

    @Test(arguments: SteadyState.all)
    func whatIsRightPasses(_ expected: SteadyState) {
        #expect(Comparison.differences(of: Self.right(expected), from: expected, coordinator: 65534) == [])
    }

    typealias Change = @Sendable (inout Observation) -> Void

    static let wrongs: [(String, Change)] = [
        ("effective", { $0.privileges.capabilities.effective = .netAdmin }),
        ("permitted", { $0.privileges.capabilities.permitted = .netAdmin }),
        ("inheritable", { $0.privileges.capabilities.inheritable = .bpf }),
        ("ambient", { $0.privileges.capabilities.ambient = .bpf }),
        ("NoNewPrivs", { $0.privileges.noNewPrivileges.toggle() }),
        ("Seccomp", { $0.privileges.seccomp = $0.privileges.seccomp == 2 ? 0 : 2 }),
        ("dumpable", { $0.dumpable = true }),
        ("descriptor", { $0.descriptors?[.perfEvent] = 1 }),
        ("descriptor", { $0.descriptors?[.other] = 2 }),
        ("user", { $0.users = [1, 1, 1, 1] }),
        ("root", { $0.users = [65534, 65534, 0, 65534] }),
        (
            "thread 9",
            { $0.otherThreads[9] = Observation.Privileges(
                capabilities: Capabilities(effective: .sysAdmin), noNewPrivileges: $0.privileges.noNewPrivileges,
                seccomp: $0.privileges.seccomp) }
        ),
    ]

    @Test(arguments: SteadyState.all)
    func eachStatementCanBeUntrue(_ expected: SteadyState) {
        for (word, change) in Self.wrongs {
            var process = Self.right(expected)
            change(&process)
            let differences = Comparison.differences(of: process, from: expected, coordinator: 65534)
            #expect(differences.contains { $0.contains(word) }, "\(expected.name), \(word): \(differences)")
        }
    }

    @Test func theBoundingSetIsEmptyButForTheStarters() {
        for expected in SteadyState.all where expected.role != .starter {
            var process = Self.right(expected)
            process.privileges.capabilities.bounding = .bpf
            #expect(Comparison.differences(of: process, from: expected) == ["bounding set is CAP_BPF, not none"])
        }
        var starter = Self.right(.starter)
        starter.privileges.capabilities.bounding = CapabilitySet(rawValue: .max)
        #expect(Comparison.differences(of: starter, from: .starter) == [])
        starter.privileges.capabilities.bounding = .sysPtrace
        #expect(
            Comparison.differences(of: starter, from: .starter)
                == ["bounding set lacks CAP_PERFMON,CAP_BPF"])
    }

    @Test func whatIsOptionalMayBeMissing() throws {
        let inspector = try #require(SteadyState.all.first { $0.name == "hilo-process-inspector" })
        var process = Self.right(inspector)
        process.privileges.capabilities.effective = .sysPtrace
        process.privileges.capabilities.permitted = .sysPtrace
        #expect(Comparison.differences(of: process, from: inspector) == [])
        // But it has to be the same in both.
        process.privileges.capabilities.permitted = [.sysPtrace, .dacReadSearch]
        #expect(Comparison.differences(of: process, from: inspector).count == 1)
        // And what is not optional may not.
        process.privileges.capabilities.effective = []
        process.privileges.capabilities.permitted = []
        #expect(Comparison.differences(of: process, from: inspector).count == 2)
    }

    @Test func whatCannotBeSeenIsNoDifference() {
        var process = Self.right(.coordinator)
        process.dumpable = nil
        process.descriptors = nil
        #expect(Comparison.differences(of: process, from: .coordinator) == [])
    }
}

@Suite struct AuditReportTests {
    private func report(_ running: [RunningHilo]) -> AuditReport {
        var survey = RunningHilo.Survey()
        survey.running = running
        return AuditReport(survey)
    }

    @Test func helpersOfNobodyAreADifferenceAndOtherProgramsARemark() {
        var survey = RunningHilo.Survey()
        survey.running = [hilo()]
        survey.foreign = [ComparisonTests.right(.coordinator)]
        #expect(AuditReport(survey).differences.isEmpty)
        #expect(AuditReport(survey).remarks.count == 1)
        survey.stray = [ComparisonTests.right(SteadyState.all[2])]
        #expect(AuditReport(survey).differences.count == 1)
        #expect(AuditReport(survey).differences.first?.contains("was started by no hilo run") == true)
    }

    private func hilo(_ change: (inout [Observation]) -> Void = { _ in }) -> RunningHilo {
        var children = SteadyState.all.dropFirst().map { ComparisonTests.right($0) }
        change(&children)
        return RunningHilo(coordinator: ComparisonTests.right(.coordinator), children: children)
    }

    @Test func aWholeHiloHasNoDifference() {
        let report = self.report([hilo()])
        #expect(report.differences == [])
        #expect(report.entries.map(\.role) == [.coordinator, .starter, .helper, .helper, .helper, .helper])
        #expect(!report.isPartial)
        #expect(report.coordinators == [7])
    }

    @Test func whatIsMissingIsNamed() {
        let report = self.report([hilo { $0.removeAll { $0.name == "hilo-event-reader" } }])
        #expect(report.differences == ["hilo-event-reader is not running under hilo (pid 7)"])
    }

    @Test func whatIsNotOfEveryRunMayBeMissing() {
        #expect(report([hilo { $0.removeAll { $0.name == "hilo-tc-attacher" } }]).differences == [])
    }

    @Test func whatIsThereTwiceIsNamed() {
        let report = self.report([hilo { $0.append($0[0]) }])
        #expect(report.differences == ["hilo-starter is running 2 times under hilo (pid 7)"])
    }

    @Test func aStrangerAmongTheChildrenIsNamed() {
        let report = self.report([
            hilo { children in
                var stranger = children[0]
                stranger.name = "sh"
                stranger.pid = 8
                children.append(stranger)
            }
        ])
        #expect(report.differences == ["sh (pid 8): it is no part of hilo"])
    }

    @Test func whatWasNotSeenIsSaid() {
        #expect(report([hilo { $0[1].descriptors = nil }]).isPartial)
    }
}
