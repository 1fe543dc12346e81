public import LinuxSys
internal import Wire

extension Explanation {
    /// Why no helper can be of use to this process, as far as that can be told before one is started: outside of the
    /// host's user namespace they start, and lack what they need for reasons that do not look like this one.
    ///
    /// To be asked before `Capabilities.giveUpAll`, which may enter a namespace.
    public static func ofForeignNamespace() throws(SysError) -> Explanation? {
        try UserNamespace.isTheHosts() ? nil : foreignNamespace
    }

    static let foreignNamespace = Explanation(
        helper: "hilo",
        cause: "hilo runs in a user namespace that is not the host's, where file capabilities have no force over "
            + "the host",
        remedy: "run it in the host's (--userns=host with Docker and Podman, hostUsers: true in Kubernetes, "
            + "PrivateUsers=no with systemd)",
        exitCode: .privilege)
}
