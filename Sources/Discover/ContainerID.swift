/// The id of the container that a process runs in, as its control groups tell it.
///
/// There is no rule for the names of control groups, only what each runtime does:
///
/// | runtime | last part of the path |
/// |---|---|
/// | Docker, cgroupfs | `/docker/ID` |
/// | Docker, systemd | `docker-ID.scope` |
/// | containerd in Kubernetes, cgroupfs | `/kubepods/burstable/podUID/ID` |
/// | containerd in Kubernetes, systemd | `cri-containerd-ID.scope`, or `kubepods-…slice:cri-containerd:ID` |
/// | CRI-O | `crio-ID.scope`, or `/crio-ID` |
/// | Podman | `libpod-ID.scope`, with `/container` below it |
/// | Amazon ECS | `/ecs/TASK/ID`; on Fargate the id is 32 hexadecimal digits, `-`, and decimal digits |
public enum ContainerID {
    /// - Parameter cgroup: the text of /proc/PID/cgroup: lines of `hierarchy:controllers:path`.
    /// - Returns: nil outside of any container that is known here.
    public static func parse(cgroup: some Collection<UInt8>) -> String? {
        for line in cgroup.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            // A container within a container: the innermost is where the process is.
            for part in fields[2].split(separator: UInt8(ascii: "/")).reversed() {
                if let id = id(in: Array(part)) { return id }
            }
        }
        return nil
    }

    private static func id(in part: [UInt8]) -> String? {
        var name = part[...]
        let scope = Array(".scope".utf8)
        if name.suffix(scope.count).elementsEqual(scope) { name = name.dropLast(scope.count) }
        // Of Amazon ECS on Fargate, where the dash is part of the id.
        if let dash = name.firstIndex(of: UInt8(ascii: "-")), isHexadecimal(name[..<dash], count: 32),
            (1...20).contains(name.distance(from: dash, to: name.endIndex) - 1),
            name[(dash + 1)...].allSatisfy({ (0x30...0x39).contains($0) })
        {
            return String(decoding: name, as: UTF8.self)
        }
        let separator = name.lastIndex { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ":") }
        let (prefix, last) = separator.map { (name[..<$0], name[($0 + 1)...]) } ?? (name[..<name.startIndex], name)
        // The process that watches over a container is not in it.
        if prefix.suffix(6).elementsEqual("conmon".utf8) { return nil }
        return isHexadecimal(last, count: 64) ? String(decoding: last, as: UTF8.self) : nil
    }

    private static func isHexadecimal(_ text: ArraySlice<UInt8>, count: Int) -> Bool {
        text.count == count && text.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
