/// A program or a shared library, to be searched for functions: 64-bit, little-endian, for this machine.
///
/// Everything in such a file was chosen by a stranger. What is claimed is checked before it is used, no more of it is
/// looked at than ``ELFLimits`` has, and memory is needed for one piece of a table at a time. The file may change
/// while it is read: the answer may then be wrong, and nothing worse.
public struct ELFFile<Source: RandomAccess & ~Copyable>: ~Copyable {
    let source: Source
    private let header: ELFHeader
    let segments: Segments

    /// Reads the headers.
    ///
    /// - Throws: ``ELFError``, for a file of another kind and for one that does not hold what its headers name.
    public init(_ source: consuming Source) throws(ELFError) {
        let header = try ELFHeader(source.available(ELFHeader.size, at: 0))
        self.segments = try Segments(of: source, header)
        self.header = header
        self.source = source
    }

    /// Where functions begin, in bytes from the start of the file, which is what a uprobe wants.
    ///
    /// What is exported (.dynsym) comes first; the other symbols (.symtab) are read only if a name is missing then.
    /// Files without section headers are searched as the dynamic linker does.
    ///
    /// - Parameters:
    ///   - names: As in the symbol table: C names as they are, others mangled, without a version.
    ///   - others: Such that are no reason to read the other symbols if only they are missing.
    /// - Returns: Offsets by name. Left out is what this file does not define as a function, has no code for, or has
    ///   two of with that name.
    /// - Throws: ``ELFError``; nothing is answered by a file that is broken in part.
    public func offsets(
        of names: Set<String>, also others: Set<String> = []
    ) throws(ELFError) -> [String: UInt64] {
        var search = SymbolSearch(of: names, also: others)
        guard search.isOpen else { return [:] }
        if let sections = try Sections(of: source, header) {
            for purpose in [SymbolTable.Purpose.dynamic, .full] where search.isOpen {
                guard let table = try sections.table(purpose, in: source) else { continue }
                try search.search(table, in: source, segments)
            }
        } else if let region = segments.dynamicSection {
            let dynamic = try DynamicSection(of: source, region)
            if let table = try dynamic.table(in: source, segments) {
                try search.search(table, in: source, segments)
            }
        }
        return search.offsets
    }
}
