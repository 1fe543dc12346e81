import LinuxSys
import Testing

@Suite struct ListeningSocketsTests {
    private static let header =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

    private func line(_ local: String, state: String, inode: String) -> String {
        "   0: \(local) 00000000:0000 \(state) 00000000:00000000 00:00000000 00000000  1000  0 \(inode) 1 0 100 0\n"
    }

    private func read(_ tables: String..., piece: Int = 7, most: Int = 100) -> ListeningSockets {
        var sockets = ListeningSockets(most: most)
        for table in tables {
            let bytes = Array((Self.header + table).utf8)
            for start in stride(from: 0, to: bytes.count, by: piece) {
                sockets.take(bytes[start..<min(start + piece, bytes.count)])
            }
            sockets.finish()
        }
        return sockets
    }

    @Test(arguments: [1, 3, 100, 10_000])
    func portsOfBothTables(_ piece: Int) {
        let sockets = read(
            line("0100007F:1F90", state: "0A", inode: "11") + line("00000000:0050", state: "0A", inode: "12"),
            line("00000000000000000000000000000000:01BB", state: "0A", inode: "13"), piece: piece)
        #expect(sockets.portByInode == [11: 8080, 12: 80, 13: 443])
    }

    @Test func nothingIsReadPastTheListeningOnes() {
        var sockets = ListeningSockets(most: 100)
        sockets.take(
            Array((Self.header + line("0:1", state: "0A", inode: "1") + line("0:2", state: "01", inode: "2")).utf8))
        #expect(!sockets.wantsMore)
        sockets.take(Array(line("0:3", state: "0A", inode: "3").utf8))
        #expect(sockets.portByInode == [1: 1])
        sockets.finish()
        #expect(sockets.wantsMore)
    }

    private func listeners(_ inodes: ClosedRange<Int>) -> String {
        inodes.map { line("0:1F90", state: "0A", inode: "\($0)") }.joined()
    }

    @Test func aBound() {
        let sockets = read(listeners(1...50), most: 10)
        #expect(Set(sockets.portByInode.keys) == Set(1...10))
        #expect(sockets.isTruncated)
        #expect(!read(listeners(1...10), listeners(11...20), most: 10).isTruncated)
    }

    /// Who opens many sockets of one kind does not hide those of the other.
    @Test func eachTableHasItsOwnRoom() {
        let sockets = read(listeners(1...50), listeners(101...105), most: 10)
        #expect(Set(sockets.portByInode.keys) == Set(1...10).union(101...105))
        #expect(sockets.isTruncated)
    }

    @Test func nothingIsReadPastTheBound() {
        var sockets = ListeningSockets(most: 10)
        sockets.take(Array((Self.header + listeners(1...10)).utf8))
        #expect(sockets.wantsMore && !sockets.isTruncated)
        sockets.take(Array(listeners(11...11).utf8))
        #expect(!sockets.wantsMore && sockets.isTruncated)
    }

    /// A part of a number is another number.
    @Test func theLastLineOfATableThatIsCutOffIsNone() {
        let table = Self.header + listeners(1...1) + "   0: 0:1F90 0:0000 0A 0:0 0:0 0 1000  0 123"
        for (complete, inodes) in [(true, [1, 123]), (false, [1])] as [(Bool, Set<UInt64>)] {
            var sockets = ListeningSockets(most: 10)
            sockets.take(Array(table.utf8))
            sockets.finish(complete: complete)
            #expect(Set(sockets.portByInode.keys) == inodes)
            #expect(sockets.isTruncated == !complete)
        }
    }

    @Test func linesThatAreNone() {
        let sockets = read(
            "\n\nx\n" + line("nocolon", state: "0A", inode: "1") + line("0:10000", state: "0A", inode: "2")
                + line("0:zz", state: "0A", inode: "3") + line("0:1", state: "0A", inode: "0")
                + String(repeating: "y", count: 5000) + "\n" + line("0:5", state: "0A", inode: "5"))
        #expect(sockets.portByInode == [5: 5])
    }

    @Test(arguments: [(0, 50), (5, 50), (6, 54), (500, 1000), (UInt64.max, 1000)] as [(UInt64, UInt64)])
    func aTableIsKeptTheLongerTheLongerItTook(_ cost: UInt64, _ lifetime: UInt64) {
        #expect(ListeningSockets.lifetime(cost: cost, within: 50...1000) == lifetime)
    }

    @Test func inodesOfLinks() {
        #expect(ListeningSockets.inode(ofLink: Array("socket:[123]".utf8)) == 123)
        for link in [
            "socket:[]", "socket:[x]", "socket:[1", "pipe:[1]", "/socket:[1]", "", "socket:[99999999999999999999]",
        ] {
            #expect(ListeningSockets.inode(ofLink: Array(link.utf8)) == nil)
        }
    }
}
