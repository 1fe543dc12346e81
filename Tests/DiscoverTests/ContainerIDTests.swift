import Discover
import Testing

@Suite struct ContainerIDTests {
    private static let id = "4a7b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b"
    private static let other = String(repeating: "0f", count: 32)

    @Test(arguments: [
        // Docker: cgroup v2 with systemd, v1 with cgroupfs, rootless.
        "0::/system.slice/docker-\(id).scope\n",
        "12:memory:/docker/\(id)\n11:cpu,cpuacct:/docker/\(id)\n0::/system.slice/containerd.service\n",
        "0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-\(id).scope",
        // containerd under Kubernetes: systemd, cgroupfs, and what containerd does when it is told the wrong driver.
        "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod8a.slice/cri-containerd-\(id).scope\n",
        "11:devices:/kubepods/besteffort/pod0e2b1a4c-1111-2222-3333-444455556666/\(id)\n",
        "1:name=systemd:/system.slice/containerd.service/kubepods-burstable-pod0e2b.slice:cri-containerd:\(id)\n",
        // A cgroup namespace of its own.
        "0::/../../pod0e2b1a4c-1111-2222-3333-444455556666/\(id)\n",
        // CRI-O.
        "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/crio-\(id).scope\n",
        "4:pids:/kubepods/besteffort/pod1/crio-\(id)\n",
        "0::/kubepods.slice/kubepods-pod1.slice/crio-\(id).scope/container\n",
        // Podman: root, rootless, with a cgroup below its own, and in a service.
        "0::/machine.slice/libpod-\(id).scope/container\n",
        "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-\(id).scope\n",
        "0::/system.slice/web.service/libpod-payload-\(id)\n",
        // Amazon ECS on EC2.
        "9:perf_event:/ecs/f2d1b6ac/\(id)\n",
        // A container in a container: the inner one.
        "0::/docker/\(other)/docker/\(id)\n", "0::/docker/\(other)/kubelet/kubepods/pod1/\(id)\n",
        // A systemd in a container makes slices of its own.
        "0::/system.slice/docker-\(id).scope/init.scope\n", "0::/docker/\(id)/system.slice/nginx.service\n",
    ])
    func finds(cgroup: String) {
        #expect(ContainerID.parse(cgroup: Array(cgroup.utf8)) == Self.id)
    }

    @Test func findsOnFargate() {
        let id = "0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c-1234567890"
        #expect(ContainerID.parse(cgroup: Array("0::/ecs/0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c/\(id)\n".utf8)) == id)
    }

    @Test(arguments: [
        "", "\n\n", "0::/", "0::/init.scope\n", "0::/system.slice/nginx.service\n",
        "0::/user.slice/user-0.slice/session-1.scope",
        "no colons at all", "::", "0:", "0::", "0::///", "0::/docker/", "0::/system.slice/docker-.scope",
        // Too short, too long, not hexadecimal, not lower-case.
        "0::/docker/\(id.dropLast())", "0::/docker/\(id)0", "0::/docker/\(id.dropLast())g",
        "0::/docker/\(id.uppercased())",
        // What watches over a container is outside of it.
        "0::/machine.slice/libpod-conmon-\(id).scope\n", "0::/system.slice/crio-conmon-\(id).scope\n",
        "0::/ecs/x/0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c-", "0::/x/0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c-12a4",
    ])
    func findsNothing(cgroup: String) {
        #expect(ContainerID.parse(cgroup: Array(cgroup.utf8)) == nil)
    }

    @Test func surviveAnyBytes() {
        var generator = SeededGenerator(seed: 7)
        let seed = Array("1:name=systemd:/kubepods/pod1/crio-\(Self.id).scope\n0::/docker/\(Self.id)".utf8)
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.insert(UInt8("/-:.\n".utf8.randomElement(using: &generator) ?? 0), at: index)
                default: bytes.removeSubrange(index...)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            if let found = ContainerID.parse(cgroup: bytes) { #expect(found.utf8.count >= 34) }
        }
    }
}
