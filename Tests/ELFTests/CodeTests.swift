import ELF
import Foundation
import Testing

/// Where a breakpoint goes: what functions begin with, byte by byte. The code is that of x86-64.
@Suite struct CodeTests {
    private static let endBranch: [UInt8] = [0xf3, 0x0f, 0x1e, 0xfa]
    private static let push: [UInt8] = [0x55]
    private static let pushOfR12: [UInt8] = [0x41, 0x54]
    private static let aligned: [UInt8] = [0x48, 0x83, 0xec, 0x08]
    private static let wrapper = 0x10
    private static let caller = 0x40
    private static let callee = 0xc0

    /// An image with this code at these places of its executable segment, and what becomes of them in the file.
    private static func image(_ parts: [(Int, [UInt8])]) -> (bytes: [UInt8], base: UInt64) {
        let image = Image(exported: [])
        var bytes = image.bytes
        for (place, code) in parts {
            for (index, byte) in code.enumerated() { bytes[image.codeOffset + place + index] = byte }
        }
        return (bytes, UInt64(image.codeOffset))
    }

    private static func call(from place: Int, to target: Int) -> [UInt8] {
        var code: [UInt8] = [0xe8]
        code.append(integer: UInt32(bitPattern: Int32(target - place - 5)))
        return code
    }

    #if arch(x86_64)
        @Test(arguments: [
            (push, 0), (pushOfR12, 0), (endBranch + push, 4), (endBranch + pushOfR12, 4), (endBranch + aligned, 0),
            (aligned, 0), ([0x41, 0xff], 0), (endBranch + endBranch, 0), ([], 0), ([0xf3, 0x0f, 0x1e, 0xfb] + push, 0),
        ] as [([UInt8], UInt64)])
        func theEntryIsBehindTheMarkWhereAPushFollows(_ code: [UInt8], _ skipped: UInt64) throws {
            let (bytes, base) = Self.image([(Self.wrapper, code)])
            let place = base + UInt64(Self.wrapper)
            #expect(try ELFFile(MemoryFile(bytes)).entry(of: place) == place + skipped)
        }

        private static func calleeFound(
            wrapper: [UInt8] = [], caller: [UInt8] = [0x90, 0x90], callee: [UInt8] = push, at target: Int = callee,
            calls: Int? = nil
        ) throws -> Int? {
            let first = wrapper + (wrapper.suffix(4) == aligned[...] ? [] : aligned)
            let code = [
                (Self.wrapper, first + call(from: Self.wrapper + first.count, to: target)),
                (Self.caller, caller + call(from: Self.caller + caller.count, to: calls ?? target)),
            ]
            let inside = 0..<(Image.codeSize - callee.count)
            let (bytes, base) = image(code + (inside.contains(target) ? [(target, callee)] : []))
            let found = try ELFFile(MemoryFile(bytes))
                .callee(of: base + UInt64(Self.wrapper), and: base + UInt64(Self.caller))
            return found.map { Int($0 - base) }
        }

        @Test func whatBothCallIsFound() throws {
            #expect(try Self.calleeFound() == Self.callee)
            #expect(try Self.calleeFound(wrapper: Self.endBranch) == Self.callee)
            #expect(try Self.calleeFound(callee: Self.endBranch + Self.pushOfR12) == Self.callee)
            #expect(try Self.calleeFound(at: 0) == 0, "before both")
            let late = [UInt8](repeating: 0x90, count: 59)
            #expect(try Self.calleeFound(caller: late) == Self.callee, "as late as can be")
        }

        @Test func nothingElseIs() throws {
            #expect(try Self.calleeFound(calls: Self.callee + 1) == nil, "the other calls something else")
            #expect(try Self.calleeFound(caller: [UInt8](repeating: 0x90, count: 60)) == nil, "too late to be seen")
            #expect(try Self.calleeFound(callee: Self.aligned) == nil, "it begins with no push")
            #expect(try Self.calleeFound(wrapper: [0x90]) == nil, "the wrapper does something before")
            for outside in [-0x1000, -1, Image.codeSize, 0x7fff_0000, Int(Int32.min) + 0x100] {
                #expect(try Self.calleeFound(at: outside) == nil, "no code is there: \(outside)")
            }
        }

        /// Nothing behind the end of the segment is looked at, though the file goes on.
        @Test func codeEndsWhereItsSegmentDoes() throws {
            let end = Image.codeSize
            let (bytes, base) = Self.image([(end - 4, Self.endBranch), (end, Self.push)])
            let place = base + UInt64(end - 4)
            #expect(try ELFFile(MemoryFile(bytes)).entry(of: place) == place)
            #expect(try ELFFile(MemoryFile(bytes)).entry(of: base + UInt64(end)) == base + UInt64(end))
            #expect(try ELFFile(MemoryFile(bytes)).callee(of: place, and: .max) == nil)
            #expect(try ELFFile(MemoryFile(bytes)).entry(of: .max) == .max)
        }
    #endif

    private static let library = "/usr/lib/x86_64-linux-gnu/libssl.so.3"

    /// This machine's own: the function that both call is the one that gdb would show there.
    @Test(.enabled(if: FileManager.default.isReadableFile(atPath: library), "no libssl.so.3"))
    func openSSL() throws {
        let opened = OpenFile(Self.library)
        guard let opened else { throw CocoaError(.fileNoSuchFile) }
        let file = try ELFFile(opened)
        let places = try file.offsets(of: ["SSL_read", "SSL_read_ex", "SSL_write", "SSL_write_ex", "SSL_free"])
        let read = try #require(places["SSL_read"]), readEx = try #require(places["SSL_read_ex"])
        let write = try #require(places["SSL_write"]), writeEx = try #require(places["SSL_write_ex"])
        let reading = try file.callee(of: readEx, and: read), writing = try file.callee(of: writeEx, and: write)
        let (first, second) = (try #require(reading), try #require(writing))
        #expect(first != second && !places.values.contains(first) && !places.values.contains(second))
        #expect(try file.callee(of: readEx, and: write) == nil && file.callee(of: writeEx, and: read) == nil)
    }
}
