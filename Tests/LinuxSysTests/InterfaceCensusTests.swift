import LinuxSys
import Testing

/// When all interfaces are asked for, and what is known then.
@Suite struct InterfaceCensusTests {
    private func listing(_ interfaces: UInt32...) -> InterfaceCensus {
        var census = InterfaceCensus()
        census.asked()
        for interface in interfaces { census.present(interface) }
        return census
    }

    @Test func allAreAskedForOnce() {
        var census = InterfaceCensus()
        #expect(census.asks)
        census.asked()
        #expect(!census.asks)
        census.present(1)
        census.present(7)
        #expect(census.listed() == [1, 7])
        #expect(!census.asks)
    }

    @Test func whatComesByItselfIsNoList() {
        var census = listing(1)
        _ = census.listed()
        census.present(9)
        #expect(census.listed() == nil)
        #expect(!census.asks)
    }

    /// What is lost while all are named: nobody is gone for that, and all are asked for again, when the list has ended.
    @Test func somethingIsLost() {
        var census = listing(1, 2)
        census.lost()
        #expect(!census.asks)
        #expect(census.listed() == nil)
        #expect(census.asks)
        census.asked()
        census.present(2)
        #expect(census.listed() == [2])
    }

    @Test func theKernelCannotNow() {
        var census = listing(1)
        census.refused()
        #expect(census.asks)
        #expect(census.listed() == nil)
        #expect(census.asks)
    }
}
