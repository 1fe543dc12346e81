import Settings
import Wire

/// A process as selectors look at it.
struct Candidate {
    let pid: UInt32
    let executable: String
    let commandLine: String
    let ports: [UInt16]
    /// False when there are more sockets than the process-inspector looks at: who wants to hide a port of another
    /// process can open as many.
    let hasAllPorts: Bool
    let isInContainer: Bool

    init(_ process: ProcessDescription) {
        pid = process.process.pid
        executable = Program(process).path
        commandLine = Program.arguments(of: process.commandLine).joined(separator: " ")
        ports = process.listeningPorts
        hasAllPorts = !process.notes.contains(.portsTruncated)
        isInContainer = ContainerID.parse(cgroup: process.cgroup) != nil
    }
}

extension Selector {
    /// Whether every criterion that is set holds for a process.
    func matches(_ candidate: Candidate) -> Bool {
        guard matchesButForPorts(candidate) else { return false }
        guard let openPorts else { return true }
        return candidate.ports.contains(where: openPorts.contains)
    }

    /// Whether it would match if a port that nobody has seen were the one.
    func mayMatch(_ candidate: Candidate) -> Bool {
        openPorts != nil && !candidate.hasAllPorts && matchesButForPorts(candidate)
    }

    private func matchesButForPorts(_ candidate: Candidate) -> Bool {
        guard hasCriteria else { return false }
        if let targetPIDs, !targetPIDs.contains(where: { UInt32(exactly: $0) == candidate.pid }) { return false }
        if let inContainer, inContainer != candidate.isInContainer { return false }
        // The first process holds sockets for others (socket activation): they are chosen once they have started.
        if candidate.pid == 1, isByPortsAlone { return false }
        if let exePath, candidate.executable.isEmpty || !exePath.matches(candidate.executable) { return false }
        if let commandLine, !commandLine.matches(candidate.commandLine) { return false }
        return true
    }

    /// Whether listening on a port is all that it asks for.
    var isByPortsAlone: Bool {
        openPorts != nil && exePath == nil && commandLine == nil && targetPIDs == nil && inContainer == nil
    }

    /// The criteria, for a log line: what the user wrote, never what a process says.
    var criteria: String {
        var parts: [String] = []
        if let openPorts { parts.append("open_ports \(openPorts)") }
        if let exePath { parts.append("exe_path \(exePath)") }
        if let commandLine { parts.append("cmd_args \(commandLine)") }
        if let targetPIDs { parts.append("target_pids \(targetPIDs.map(String.init).joined(separator: ","))") }
        if inContainer == true { parts.append("containers_only") }
        return parts.joined(separator: ", ")
    }
}
