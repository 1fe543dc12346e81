/// The wanted functions, as the symbol tables of one file are gone through.
struct SymbolSearch {
    private enum Answer {
        case offset(UInt64)
        /// Two functions of one name: nobody can say which one is meant.
        case ambiguous
    }

    private let names: [String]
    /// How many of them, the first ones, are a reason to go on.
    private let needed: Int
    private var answers: [Answer?]
    private var symbolsLeft = ELFLimits.symbols
    private var stringsLeft = ELFLimits.strings

    init(of names: Set<String>, also others: Set<String>) {
        // No symbol has an empty name, or one with a NUL in it.
        let first = names.filter { !$0.isEmpty && !$0.utf8.contains(0) }
        needed = first.count
        self.names = first + others.subtracting(names).filter { !$0.isEmpty && !$0.utf8.contains(0) }
        answers = Array(repeating: nil, count: self.names.count)
    }

    /// Some name that is needed has not been seen yet.
    var isOpen: Bool { answers[..<needed].contains { $0 == nil } }

    var offsets: [String: UInt64] {
        var offsets: [String: UInt64] = [:]
        for case (let name, .offset(let offset)?) in zip(names, answers) { offsets[name] = offset }
        return offsets
    }

    /// Goes through a table for the names that no table before it had.
    mutating func search(
        _ table: SymbolTable, in source: borrowing some RandomAccess & ~Copyable, _ segments: Segments
    ) throws(ELFError) {
        guard table.count <= symbolsLeft else { throw .tooLarge(.symbols) }
        guard table.strings.size <= stringsLeft else { throw .tooLarge(.strings) }
        symbolsLeft -= table.count
        stringsLeft -= table.strings.size

        let open = answers.indices.filter { answers[$0] == nil }
        var places = NamePlaces(of: open.map { Array(names[$0].utf8) })
        try places.search(table.strings, in: source)
        guard !places.places.isEmpty else { return }
        try source.forEachPiece(of: table.symbols, .symbols, record: SymbolTable.recordSize) { piece, _ in
            search(piece, table.purpose, segments, places, open)
            return true
        }
    }

    /// Symbols in a row (System V gABI, "Symbol Table").
    private mutating func search(
        _ symbols: RawSpan, _ purpose: SymbolTable.Purpose, _ segments: Segments, _ places: NamePlaces, _ open: [Int]
    ) {
        for start in stride(from: 0, to: symbols.byteCount, by: SymbolTable.recordSize) {
            let place = symbols.integer(at: start, as: UInt32.self)
            guard places.filter & 1 << UInt64(place & 63) != 0, let index = places.places[place] else { continue }
            guard SymbolSearch.isFunction(symbols, at: start, purpose) else { continue }
            guard let offset = segments.code(at: symbols.integer(at: start + 8, as: UInt64.self)) else { continue }
            add(offset, to: open[index])
        }
    }

    private mutating func add(_ offset: UInt64, to index: Int) {
        switch answers[index] {
        case nil: answers[index] = .offset(offset)
        // The versions of a symbol are of one name, and often one function.
        case .offset(offset), .ambiguous: break
        case .offset: answers[index] = .ambiguous
        }
    }

    /// A function that this file has. An indirect one (STT_GNU_IFUNC) is not: its address is that of the code which
    /// chooses among others.
    private static func isFunction(_ symbols: RawSpan, at start: Int, _ purpose: SymbolTable.Purpose) -> Bool {
        let info = symbols.integer(at: start + 4, as: UInt8.self)
        guard info & 0xf == 2 else { return false }  // STT_FUNC
        let binding = info >> 4
        guard purpose == .full || binding == 1 || binding == 2 else { return false }  // STB_GLOBAL, STB_WEAK
        let section = symbols.integer(at: start + 6, as: UInt16.self)
        // SHN_UNDEF is imported; what is SHN_ABS or SHN_COMMON has a value that is no address.
        return section != 0 && section != 0xfff1 && section != 0xfff2
    }
}
