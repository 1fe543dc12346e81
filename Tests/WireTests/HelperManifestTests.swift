import LinuxSys
import Testing
import Wire

@Suite struct HelperManifestTests {
    @Test func nothingIsKeptThatWasNotGiven() {
        for manifest in HelperManifest.all {
            #expect(manifest.steady.isSubset(of: manifest.loading.union(manifest.optional)), "\(manifest.name)")
            #expect(manifest.loading.isDisjoint(with: manifest.optional), "\(manifest.name)")
        }
    }

    @Test func theCoordinatorNeedsNothing() {
        #expect(HelperManifest.coordinator.loading.isEmpty)
        #expect(HelperManifest.coordinator.steady.isEmpty)
    }

    @Test func everyHelperIsConfinedAndHasItsName() {
        #expect(HelperManifest.helpers.compactMap(\.identity) == HelperIdentity.allCases)
        for manifest in HelperManifest.helpers {
            #expect(manifest.noNewPrivileges && manifest.seccomp == 2 && !manifest.dumpable)
            #expect(manifest.name.hasPrefix("hilo-"))
        }
    }

    @Test func fileCapabilitiesAreWordsOfSetcap() {
        #expect(HelperManifest.eventReader.fileCapabilities == "cap_setpcap,cap_perfmon,cap_bpf=p")
        #expect(HelperManifest.tcAttacher.fileCapabilities == "cap_setpcap,cap_net_admin,cap_perfmon,cap_bpf=p")
        #expect(HelperManifest.tlsAttacher.fileCapabilities == "cap_setpcap,cap_perfmon,cap_bpf=p")
        #expect(HelperManifest.processInspector.fileCapabilities == "cap_dac_read_search,cap_setpcap,cap_sys_ptrace=p")
    }

    @Test(
        arguments: [
            (0, "/dev/pts/1", DescriptorKind.standardStream), (3, "/dev/null", .nothing), (3, "socket:[12]", .channel),
            (4, "socket:[13]", .internetSocket), (4, "socket:[99]", .socket), (4, "pipe:[7]", .pipe),
            (5, "anon_inode:bpf-map", .bpfMap), (5, "anon_inode:bpf-prog", .bpfProgram),
            (5, "anon_inode:bpf_link", .bpfLink), (5, "anon_inode:[eventpoll]", .epoll),
            (5, "anon_inode:[pidfd]", .processDescriptor),
            (5, "pidfd:[123]", .processDescriptor), (5, "anon_inode:btf", .btf), (6, "/proc", .directory),
            (6, "/etc/passwd", .file), (6, "anon_inode:io_uring", .other), (6, "", .other), (6, "socket:[", .socket),
        ] as [(Int32, String, DescriptorKind)])
    func descriptorsAreToldByTheirLinks(number: Int32, link: String, kind: DescriptorKind) {
        let found = DescriptorKind(number: number, link: link, isDirectory: link == "/proc") { inode in
            inode == 12 ? .channel : inode == 13 ? .internetSocket : nil
        }
        #expect(found == kind)
    }
}
