import LinuxSys
import Testing

@Suite struct CapabilityTests {
    @Test func namesAreThoseOfTheKernel() {
        let set: CapabilitySet = [.bpf, .sysPtrace, .dacReadSearch]
        #expect(set.names == ["CAP_DAC_READ_SEARCH", "CAP_SYS_PTRACE", "CAP_BPF"])
        #expect(set.description == "CAP_DAC_READ_SEARCH,CAP_SYS_PTRACE,CAP_BPF")
        #expect(CapabilitySet(number: 40).description == "CAP_CHECKPOINT_RESTORE")
        #expect(CapabilitySet(rawValue: 1 << 63).description == "CAP_63")
        #expect(CapabilitySet().description == "none")
        #expect(CapabilitySet(number: 64).isEmpty && CapabilitySet(number: -1).isEmpty)
    }

    @Test func fiveSetsFromStatusText() throws {
        let text = """
            Name:\tx
            CapInh:\t0000000000000001
            CapPrm:\t000001ffffffffff
            CapEff:\t0000000000000004
            CapBnd:\t0000008000000000
            CapAmb:\t0000000000000000
            """
        let capabilities = try #require(Capabilities(status: text.utf8))
        #expect(capabilities.inheritable == CapabilitySet(number: 0))
        #expect(capabilities.permitted.numbers == Array(0...40))
        #expect(capabilities.effective == .dacReadSearch)
        #expect(capabilities.bounding == .bpf)
        #expect(capabilities.ambient.isEmpty)
    }

    @Test(arguments: ["", "CapInh: 0", "CapInh: 0\nCapPrm: 0\nCapEff: zz\nCapBnd: 0\nCapAmb: 0"])
    func aStatusWithoutThem(_ text: String) {
        #expect(Capabilities(status: text.utf8) == nil)
    }

    /// Two ways to the same answer: system calls and /proc.
    @Test func ownSets() throws {
        let byCalls = try Capabilities.ofThisThread()
        let status = try HeldDirectory("/proc/thread-self/.").contents(of: "status", atMost: 65_536)
        #expect(Capabilities(status: status) == byCalls)
    }
}
