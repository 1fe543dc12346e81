public import LinuxSys
public import Wire

/// Compares what a helper was given with its manifest, and says why it is not the same.
public struct PrivilegeCheck: Sendable {
    public let manifest: HelperManifest
    public let capabilities: Capabilities

    public init(manifest: HelperManifest, capabilities: Capabilities) {
        self.manifest = manifest
        self.capabilities = capabilities
    }

    public var missing: CapabilitySet { manifest.loading.subtracting(capabilities.permitted) }

    public var surplus: CapabilitySet {
        capabilities.permitted.subtracting(manifest.loading).subtracting(manifest.optional)
    }

    public var isSatisfied: Bool { missing.isEmpty && surplus.isEmpty }

    /// What to leave with when the check is not satisfied: what, why, and the remedy.
    public func fault(in surroundings: Surroundings) -> HelperFault {
        let isMissing = !missing.isEmpty
        let set = isMissing ? missing : surplus
        let (cause, remedy) = isMissing ? causeOfMissing(surroundings) : causeOfSurplus(surroundings)
        let verdict = isMissing ? "is missing" : "is more than this helper may have"
        return HelperFault(
            .privilege, "\(abbreviated(set)) \(verdict): \(cause). Remedy: \(remedy)",
            facts: [Fact(isMissing ? "missing" : "surplus", "\(set)"), Fact("cause", cause), Fact("remedy", remedy)])
    }

    /// Root has some forty; a line that names them all says nothing.
    private func abbreviated(_ set: CapabilitySet) -> String {
        let names = set.names
        return names.count <= 4 ? "\(set)" : "\(names[0]) and \(names.count - 1) others"
    }

    /// In the order in which the kernel decides (capabilities(7)): no_new_privs, nosuid and a tracer make an exec
    /// ignore the file's capabilities, and the bounding set cuts them.
    private func causeOfMissing(_ surroundings: Surroundings) -> (cause: String, remedy: String) {
        let executable = surroundings.executable
        let setcap = "as root, setcap \(manifest.fileCapabilities) \(executable)"
        guard let file = surroundings.fileCapabilities else {
            return ("the file \(executable) has no capabilities (a copy or a write loses them)", setcap)
        }
        if !missing.isSubset(of: file) {
            return ("the file \(executable) permits only \(file)", setcap)
        }
        if surroundings.noNewPrivileges {
            return (
                "no_new_privs is set, so that file capabilities are ignored",
                "start hilo without it (systemd NoNewPrivileges=no, Kubernetes allowPrivilegeEscalation: true)"
            )
        }
        if surroundings.nosuidMount {
            return (
                "the file lies on a mount with nosuid, where file capabilities are ignored",
                "install hilo on a mount without nosuid, or remount that one with suid"
            )
        }
        let cut = missing.subtracting(capabilities.bounding)
        if !cut.isEmpty {
            return (
                "the bounding set lacks \(cut)",
                "add it to what may be gained (systemd CapabilityBoundingSet=, container capabilities.add)"
            )
        }
        if surroundings.isTraced {
            return ("the helper is traced, so that file capabilities are ignored", "start hilo without a tracer")
        }
        return (
            "the file permits it, but the exec did not give it",
            "start hilo in the user namespace that owns the file's capabilities"
        )
    }

    private func causeOfSurplus(_ surroundings: Surroundings) -> (cause: String, remedy: String) {
        if let file = surroundings.fileCapabilities, surplus.isSubset(of: file) {
            return (
                "the file \(surroundings.executable) permits too much",
                "as root, setcap \(manifest.fileCapabilities) \(surroundings.executable)"
            )
        }
        if surroundings.isRoot {
            return ("it was started as root", "start it through hilo run, which becomes an unprivileged user first")
        }
        if !capabilities.ambient.isEmpty {
            return (
                "ambient capabilities were handed down",
                "start hilo with no ambient capabilities (systemd AmbientCapabilities=)"
            )
        }
        return ("whoever started it handed it down", "start it through hilo run")
    }
}
