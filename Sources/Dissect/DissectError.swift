/// Why bytes are not the opening of an HTTP/1 request.
public enum DissectError: Error, Hashable, Sendable {
    /// No bytes, or nothing but line ends.
    case empty
    /// No space after the method.
    case requestLine
    /// Not a token of 1 to 32 characters.
    case method
    /// Nothing between method and version.
    case target
    /// Neither HTTP/1.0 nor HTTP/1.1, in a line that is all there.
    case version
}
