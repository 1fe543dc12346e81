/// Where in a string table the wanted names stand.
///
/// A symbol says only at which byte of the string table its name begins, and the symbols of a .dynsym are in the order
/// of their hashes. To look each name up would be to jump about in the strings: of `node`, 75,000 times in 5 MB. The
/// strings are searched once instead, from start to end, for the few places at which a wanted name begins, and a symbol
/// is then compared by that number: 117 reads and 3 ms for `node`, 7 reads and 0.03 ms for libssl.
struct NamePlaces {
    private let names: [[UInt8]]
    /// For each value of a name's last byte, the names that end in it.
    private let byLastByte: [[Int]]
    /// Index of the name that begins at this byte of the table. It may be the end of a longer string: linkers let
    /// names share their ends.
    private(set) var places: [UInt32: Int] = [:]
    /// One bit for each place, by its lowest six bits: most symbols are passed over without a look into `places`.
    private(set) var filter: UInt64 = 0

    /// - Parameter names: Of at least one byte, none of them NUL.
    init(of names: [[UInt8]]) {
        self.names = names
        var byLastByte = [[Int]](repeating: [], count: 256)
        for (index, name) in names.enumerated() {
            if let last = name.last { byLastByte[Int(last)].append(index) }
        }
        self.byLastByte = byLastByte
    }

    var longest: Int { names.reduce(0) { max($0, $1.count) } }

    mutating func search(
        _ strings: Region, in source: borrowing some RandomAccess & ~Copyable
    ) throws(ELFError) {
        places = [:]
        filter = 0
        var done: UInt64 = 0
        let overlap = longest
        try source.forEachPiece(of: strings, .strings, record: 1, overlap: overlap) { piece, fresh throws(ELFError) in
            // What the first byte of `piece` is in the table.
            let base = done - UInt64(fresh)
            try search(piece, from: fresh, base: base)
            done = base + UInt64(piece.byteCount)
            return true
        }
    }

    /// Every NUL ends a string. Eight bytes at a time, for an average name of `node` has 70.
    private mutating func search(_ bytes: RawSpan, from fresh: Int, base: UInt64) throws(ELFError) {
        let low: UInt64 = 0x7f7f_7f7f_7f7f_7f7f
        var index = fresh
        while index + 8 <= bytes.byteCount {
            let word = bytes.integer(at: index, as: UInt64.self)
            // The highest bit of each byte that is NUL, and of no other (Warren, "Hacker's Delight", section 6-1).
            var ends = ~(((word & low) &+ low) | word | low)
            while ends != 0 {
                try match(bytes, endingAt: index + ends.trailingZeroBitCount / 8, base: base)
                ends &= ends &- 1
            }
            index += 8
        }
        while index < bytes.byteCount {
            if bytes.integer(at: index, as: UInt8.self) == 0 { try match(bytes, endingAt: index, base: base) }
            index += 1
        }
    }

    private mutating func match(_ bytes: RawSpan, endingAt end: Int, base: UInt64) throws(ELFError) {
        guard end > 0 else { return }
        for index in byLastByte[Int(bytes.integer(at: end - 1, as: UInt8.self))] {
            let start = end - names[index].count
            guard start >= 0, NamePlaces.equal(bytes, start, names[index]) else { continue }
            guard let place = UInt32(exactly: base + UInt64(start)) else { continue }
            guard places.count < ELFLimits.places else { throw .tooLarge(.strings) }
            places[place] = index
            filter |= 1 << UInt64(place & 63)
        }
    }

    private static func equal(_ bytes: RawSpan, _ start: Int, _ name: [UInt8]) -> Bool {
        for (index, byte) in name.enumerated() where bytes.integer(at: start + index, as: UInt8.self) != byte {
            return false
        }
        return true
    }
}
