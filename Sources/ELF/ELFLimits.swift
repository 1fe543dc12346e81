/// How much of one file is looked at, whatever it says about itself. What is larger ends in
/// ``ELFError/tooLarge(_:)``. A `node` of 99 MB has 185,000 symbols and 12.8 MB of names in its two tables.
public enum ELFLimits {
    /// Bytes of one read.
    public static let pieceSize = 65_536
    /// Symbols in both tables together.
    public static let symbols: UInt64 = 1_000_000
    /// Bytes of both string tables together.
    public static let strings: UInt64 = 32 << 20
    /// A linker writes some tens.
    public static let sections: UInt64 = 100_000
    /// PT_LOAD segments. A linker writes four to six.
    public static let segments = 128
    /// Entries of the dynamic section. A linker writes some thirty, and one for each library.
    public static let dynamicEntries: UInt64 = 8_192
    /// Places of a string table at which a wanted name stands, as a string or as the end of a longer one.
    public static let places = 65_536
}
