internal import LinuxSys
internal import Wire

/// Step 3 of a helper's life: from the privileges of loading to those of serving, for good.
struct Confinement {
    /// The five sets afterwards.
    let capabilities: Capabilities
    let facts: [Fact]

    /// - Parameters:
    ///   - granted: what is permitted at the start, already checked against the manifest.
    ///   - raising: whether `load` needs what the manifest has for loading; if not, it runs after that was given up.
    ///   - syscalls: what serving needs beyond `Syscalls.ofEveryHelper`.
    ///   - load: what needs the privileges of loading.
    init(
        of manifest: HelperManifest, granted: CapabilitySet, raising: Bool, allowing syscalls: [SyscallRule],
        load: () throws(HelperFault) -> Void
    ) throws(HelperFault) {
        guard let filter = Seccomp(allowing: Syscalls.ofEveryHelper + syscalls) else {
            throw HelperFault(.fault, "The list of system calls makes no filter")
        }
        let loading = manifest.loading.union(manifest.optional).subtracting(.setpcap)
        let kept = manifest.steady.intersection(granted)

        if raising {
            try HelperFault.translating { () throws(SysError) in try Capabilities.raise(loading.intersection(granted)) }
            try load()
        }
        try HelperFault.translating { () throws(SysError) in
            if granted.contains(.setpcap) {
                try Capabilities.raise(.setpcap)
                try Capabilities.dropBounding()
            }
            try Capabilities.drop(to: kept)
        }
        if !raising { try load() }
        var found: (capabilities: Capabilities, landlock: Int32) = (Capabilities(), 0)
        try HelperFault.translating { () throws(SysError) in
            try ProcessControl.setNoNewPrivileges()
            if manifest.landlock { found.landlock = try Landlock.restrict() }
            found.capabilities = try Capabilities.ofThisThread()
            try filter.install()
            try ProcessControl.setDumpable(false)
        }
        capabilities = found.capabilities
        guard capabilities.effective == kept, capabilities.permitted == kept, capabilities.inheritable.isEmpty,
            capabilities.ambient.isEmpty
        else { throw HelperFault(.fault, "Privileges are left that were given up: \(capabilities)") }
        facts = [
            Fact("seccomp", "\(filter.instructions.count) instructions"),
            Fact(
                "landlock",
                manifest.landlock ? (found.landlock > 0 ? "abi \(found.landlock)" : "not in this kernel") : "none"),
            Fact("bounding", capabilities.bounding.isEmpty ? "empty" : "kept: CAP_SETPCAP is not permitted"),
        ]
    }
}
