/// Why a file was not searched, or not to its end. Nothing in it is text that the file holds.
public enum ELFError: Error, Hashable, Sendable {
    /// Reading failed, with the kernel's error number (`EIO` is 5).
    case unreadable(code: Int32)
    case empty
    /// It does not begin with the four bytes of ELF.
    case notELF
    /// An ELF file, of a kind that is not traced.
    case unsupported(Kind)
    /// The file ends before this part of it does.
    case truncated(Part)
    /// The entries of this part do not have the size, in bytes, that the ABI gives them.
    case entrySize(Part, UInt64)
    /// What this part says contradicts itself, or the rest of the file.
    case malformed(Part)
    /// This part is larger than ``ELFLimits`` has it.
    case tooLarge(Part)

    /// What an ELF file says that it is.
    public enum Kind: Hashable, Sendable {
        case class32
        case bigEndian
        /// EI_CLASS, neither 32 nor 64 bits.
        case fileClass(UInt8)
        /// EI_DATA, neither little nor big endian.
        case byteOrder(UInt8)
        /// EI_VERSION; there is only 1.
        case version(UInt8)
        /// e_type: 1 is an object file, 4 a core dump.
        case type(UInt16)
        /// e_machine: 3 is i386, 40 is ARM, 62 is x86-64, 183 is AArch64, 243 is RISC-V.
        case machine(UInt16)
    }

    /// The part of a file that an error is about.
    public enum Part: String, Hashable, Sendable {
        case header = "ELF header"
        case programHeaders = "program headers"
        case segment = "executable segment"
        case sectionHeaders = "section headers"
        case dynamicSection = "dynamic section"
        case symbolHash = "symbol hash table"
        case symbols = "symbol table"
        case strings = "string table"
    }
}

extension ELFError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreadable(let code): "the file cannot be read (error \(code))"
        case .empty: "the file is empty"
        case .notELF: "not an ELF file"
        case .unsupported(let kind): "unsupported ELF file: \(kind)"
        case .truncated(let part): "the file ends within its \(part.rawValue)"
        case .entrySize(let part, let size): "malformed \(part.rawValue): \(size) bytes are not the size of an entry"
        case .malformed(let part): "malformed \(part.rawValue)"
        case .tooLarge(let part): "the \(part.rawValue) is larger than what is looked at"
        }
    }
}

extension ELFError.Kind: CustomStringConvertible {
    public var description: String {
        switch self {
        case .class32: "32-bit"
        case .bigEndian: "big-endian"
        case .fileClass(let value): "class \(value)"
        case .byteOrder(let value): "byte order \(value)"
        case .version(let value): "version \(value)"
        case .type(1): "an object file"
        case .type(4): "a core dump"
        case .type(let value): "type \(value)"
        case .machine(3): "for i386"
        case .machine(40): "for 32-bit ARM"
        case .machine(62): "for x86-64"
        case .machine(183): "for AArch64"
        case .machine(let value): "for machine \(value)"
        }
    }
}
