import LinuxSys
import Testing

@Suite struct KernelReleaseTests {
    @Test(arguments: [
        ("6.12.14-amd64", KernelRelease(6, 12, 14)), ("6.1.0-32-cloud-amd64", KernelRelease(6, 1)),
        ("7.0-rc1", KernelRelease(7, 0)), ("6", KernelRelease(6, 0)), ("", KernelRelease(0, 0)),
        ("x.y", KernelRelease(0, 0)), ("99999999999999999999.1", KernelRelease(0, 1)),
    ])
    func isRead(_ text: String, _ release: KernelRelease) {
        #expect(KernelRelease(text) == release)
    }

    @Test func whereAFilterKnowsNoReturn() {
        let ending = ["6.11", "6.11.11", "6.12.13", "6.13.2"]
        let sparing = ["6.6.30", "6.10.9", "6.12.14", "6.12.107", "6.13.3", "6.14", "6.18.1", "7.0"]
        for text in ending { #expect(KernelRelease(text).endsFilteredProcessesAtReturns, "\(text)") }
        for text in sparing { #expect(!KernelRelease(text).endsFilteredProcessesAtReturns, "\(text)") }
    }

    @Test func whereFreedMemoryIsUsed() {
        let affected = ["6.6", "6.6.53-1", "6.7", "6.8.0-60-generic", "6.8.12", "6.9.99", "6.10", "6.10.12", "6.11.1"]
        let sound = ["5.14.0-570.el9", "6.1.0-32-cloud-amd64", "6.5.13", "6.6.54", "6.6.120", "6.10.13", "6.11.2"]
        for text in affected { #expect(KernelRelease(text).keepsFreedProbes, "\(text)") }
        for text in sound + ["6.12", "6.12.95+deb12", "6.13", "6.18.44", "7.6"] {
            #expect(!KernelRelease(text).keepsFreedProbes, "\(text)")
        }
    }

    @Test func thisHostHasOne() {
        #expect(KernelRelease.ofThisHost() > KernelRelease(5, 0))
    }
}
