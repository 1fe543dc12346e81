/// Where a symbol table is, and the strings that its names are in.
struct SymbolTable: Hashable {
    /// sizeof(Elf64_Sym)
    static let recordSize = 24

    enum Purpose: Hashable {
        /// .dynsym: what other files may call.
        case dynamic
        /// .symtab: all that the linker knew of, functions of one source file included.
        case full
    }

    let purpose: Purpose
    /// Whole records.
    let symbols: Region
    let strings: Region

    var count: UInt64 { symbols.size / UInt64(SymbolTable.recordSize) }
}
