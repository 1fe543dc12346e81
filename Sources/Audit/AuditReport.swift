internal import LinuxSys
internal import Wire

/// Every process of every running hilo beside its manifest.
public struct AuditReport: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public let process: Observation
        public let role: Role?
        public let differences: [String]
    }

    public let entries: [Entry]
    /// All of them, with the process that each is about, or what is missing.
    public let differences: [String]
    /// Pids of the coordinators.
    public let coordinators: [Int32]
    /// What is no difference, but worth knowing.
    public let remarks: [String]
    /// Not everything could be seen.
    public let isPartial: Bool

    public init(_ survey: RunningHilo.Survey) {
        let running = survey.running
        var entries: [Entry] = []
        var missing: [String] = []
        for hilo in running {
            entries.append(Entry(hilo.coordinator, .coordinator, coordinator: nil))
            for child in hilo.children {
                let expected = SteadyState.all.first { $0.name == child.name && $0.role != .coordinator }
                entries.append(Entry(child, expected, coordinator: hilo.coordinator.uid))
            }
            for expected in SteadyState.all where expected.role != .coordinator {
                let count = hilo.children.count { $0.name == expected.name }
                if count == 1 || (count == 0 && !expected.isRequired) { continue }
                let what = count == 0 ? "is not running" : "is running \(count) times"
                missing.append("\(expected.name) \(what) under hilo (pid \(hilo.coordinator.pid))")
            }
        }
        self.entries = entries
        differences =
            entries.flatMap { entry in
                entry.differences.map { "\(entry.process.name) (pid \(entry.process.pid)): \($0)" }
            } + missing
            + survey.stray.map { helper in
                "\(helper.name) (pid \(helper.pid), user \(AuditReport.user(helper))) was started by no hilo run: "
                    + "whoever may execute the helpers can trace"
            }
        remarks = survey.foreign.map { other in
            "\(other.name) (pid \(other.pid), user \(AuditReport.user(other))) is another program than this one: use "
                + "its own audit, or --pid \(other.pid)"
        }
        coordinators = running.map(\.coordinator.pid)
        isPartial = entries.contains { $0.process.descriptors == nil || $0.process.dumpable == nil }
    }

    private static func user(_ process: Observation) -> String {
        process.uid.map { "\($0)" } ?? "unknown"
    }
}

extension AuditReport.Entry {
    init(_ process: Observation, _ expected: SteadyState?, coordinator: UInt32?) {
        self.process = process
        role = expected?.role
        differences =
            expected.map { Comparison.differences(of: process, from: $0, coordinator: coordinator) }
            ?? ["it is no part of hilo"]
    }
}
