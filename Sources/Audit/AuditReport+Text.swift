internal import LinuxSys
internal import Wire

extension AuditReport {
    /// For people.
    public var text: String {
        var table = TextTable(
            header: [
                "PROCESS", "PID", "USER", "EFFECTIVE", "PERMITTED", "INHERITABLE", "BOUNDING", "AMBIENT", "NONEWPRIVS",
                "SECCOMP", "DUMPABLE", "DESCRIPTORS",
            ])
        for entry in entries { table.add(AuditReport.row(entry.process)) }
        var text = table.text
        if isPartial {
            text += "\nNot everything could be seen: run hilo audit as root to see descriptors too.\n"
        }
        text += differences.isEmpty ? "\nEvery process is as its manifest says.\n" : "\nDifferences:\n"
        for difference in differences { text += "  \(difference)\n" }
        for remark in remarks { text += "\nBeside it: \(remark)\n" }
        return text
    }

    private static func row(_ process: Observation) -> [String] {
        let sets = process.privileges.capabilities
        return [
            process.name, "\(process.pid)", process.uid.map { "\($0)" } ?? "?",
        ]
            + [sets.effective, sets.permitted, sets.inheritable, sets.bounding, sets.ambient].map { short($0) }
            + [
                process.privileges.noNewPrivileges ? "1" : "0", "\(process.privileges.seccomp)",
                process.dumpable.map { $0 ? "1" : "0" } ?? "?", kinds(process.descriptors),
            ]
    }

    /// As ps(1) and setcap(8) write them, without the prefix that all have in common.
    private static func short(_ set: CapabilitySet) -> String {
        let names = set.names
        if names.isEmpty { return "-" }
        return names.count > 4
            ? "\(names.count) of them" : names.map { $0.dropFirst("CAP_".count).lowercased() }.joined(separator: ",")
    }

    private static func kinds(_ descriptors: [DescriptorKind: Int]?) -> String {
        guard let descriptors else { return "(not visible)" }
        return descriptors.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.value) \($0.key.rawValue)" }
            .joined(separator: ", ")
    }

    /// For programs.
    public var json: JSON {
        .object([
            ("ok", .bool(differences.isEmpty)),
            ("complete", .bool(!isPartial)),
            ("coordinators", .array(coordinators.map { .int(Int64($0)) })),
            ("processes", .array(entries.map(AuditReport.json))),
            ("differences", .array(differences.map { .string($0) })),
            ("remarks", .array(remarks.map { .string($0) })),
        ])
    }

    private static func json(_ entry: Entry) -> JSON {
        let process = entry.process
        let sets = process.privileges.capabilities
        let descriptors = process.descriptors.map { kinds in
            JSON.object(
                kinds.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key.rawValue, .int(Int64($0.value))) })
        }
        func names(_ set: CapabilitySet) -> JSON { .array(set.names.map { .string($0) }) }
        return .object([
            ("name", .string(process.name)),
            ("role", entry.role.map { .string($0.rawValue) } ?? .null),
            ("pid", .int(Int64(process.pid))),
            ("ppid", .int(Int64(process.parent))),
            ("uid", process.uid.map { .int(Int64($0)) } ?? .null),
            (
                "capabilities",
                .object([
                    ("effective", names(sets.effective)), ("permitted", names(sets.permitted)),
                    ("inheritable", names(sets.inheritable)), ("bounding", names(sets.bounding)),
                    ("ambient", names(sets.ambient)),
                ])
            ),
            ("no_new_privs", .int(process.privileges.noNewPrivileges ? 1 : 0)),
            ("seccomp", .int(Int64(process.privileges.seccomp))),
            ("dumpable", process.dumpable.map { .int($0 ? 1 : 0) } ?? .null),
            ("descriptors", descriptors ?? .null),
            ("differences", .array(entry.differences.map { .string($0) })),
        ])
    }
}
