public import LinuxSys
internal import Wire

/// The differences between what is and what should be, each a sentence without its end.
public enum Comparison {
    /// - Parameter coordinator: effective user of the coordinator, whom all have in common; nil for the coordinator
    ///   itself.
    public static func differences(
        of process: Observation, from expected: SteadyState, coordinator: UInt32? = nil
    ) -> [String] {
        var found: [String] = []
        users(of: process, coordinator, &found)
        privileges(process.privileges, expected, in: "", &found)
        for (thread, privileges) in process.otherThreads.sorted(by: { $0.key < $1.key }) {
            self.privileges(privileges, expected, in: " of thread \(thread)", &found)
        }
        if let dumpable = process.dumpable, dumpable != expected.dumpable {
            found.append("dumpable is \(dumpable ? 1 : 0), not \(expected.dumpable ? 1 : 0)")
        }
        for (kind, count) in process.descriptors ?? [:] where !expected.descriptors.contains(kind) {
            let what = count == 1 ? "open descriptor" : "open descriptors"
            found.append("\(count) \(what) of a kind that is not in the manifest: \(kind.rawValue)")
        }
        return found
    }

    private static func users(of process: Observation, _ coordinator: UInt32?, _ found: inout [String]) {
        if process.users.contains(0) { found.append("it has root among its users: \(process.users)") }
        if Set(process.users).count > 1 {
            found.append("its real, effective, saved and file-system users differ: \(process.users)")
        }
        if let coordinator, let uid = process.uid, uid != coordinator {
            found.append("its user is \(uid), the coordinator's is \(coordinator)")
        }
    }

    private static func privileges(
        _ is: Observation.Privileges, _ expected: SteadyState, in place: String, _ found: inout [String]
    ) {
        let sets = `is`.capabilities
        for (name, set) in [("effective", sets.effective), ("permitted", sets.permitted)] {
            if !set.isSubset(of: expected.allowed) || !expected.required.isSubset(of: set) {
                found.append("\(name) set\(place) is \(set), not \(wanted(expected))")
            }
        }
        if sets.effective != sets.permitted, sets.permitted.isSubset(of: expected.allowed) {
            found.append("effective set\(place) is \(sets.effective), but permitted is \(sets.permitted)")
        }
        for (name, set) in [("inheritable", sets.inheritable), ("ambient", sets.ambient)] where !set.isEmpty {
            found.append("\(name) set\(place) is \(set), not none")
        }
        switch expected.bounding {
        case .empty:
            if !sets.bounding.isEmpty { found.append("bounding set\(place) is \(summary(sets.bounding)), not none") }
        case .atLeast(let least):
            if !least.isSubset(of: sets.bounding) {
                found.append("bounding set\(place) lacks \(least.subtracting(sets.bounding))")
            }
        }
        if `is`.noNewPrivileges != expected.noNewPrivileges {
            found.append(
                "NoNewPrivs\(place) is \(`is`.noNewPrivileges ? 1 : 0), not \(expected.noNewPrivileges ? 1 : 0)")
        }
        if `is`.seccomp != expected.seccomp {
            found.append("Seccomp\(place) is \(`is`.seccomp), not \(expected.seccomp)")
        }
    }

    private static func wanted(_ expected: SteadyState) -> String {
        expected.required == expected.allowed
            ? "\(expected.allowed)" : "\(expected.required) or \(expected.allowed)"
    }

    /// A full set has 41 names.
    public static func summary(_ set: CapabilitySet) -> String {
        let names = set.names
        return names.count <= 6 ? "\(set)" : "\(names.count) capabilities"
    }
}
