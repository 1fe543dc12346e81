/// A pattern that names executables and command lines.
///
/// A text is chosen by whoever starts a process on the machine, so matching walks all ways through the pattern at once:
/// its time is at most the product of the two lengths, whatever they hold.
public struct Glob: Sendable {
    /// The pattern as it was written.
    public let pattern: String
    private let syntax: Syntax
    private let program: PatternProgram

    private enum Syntax: Hashable, Sendable { case glob, regularExpression }

    /// A shell-like pattern that a whole text must match, with the meaning that OBI gives it: `*` and `**` stand for
    /// any characters, `/` included, `?` for one; `[abc]`, `[a-z]` and `[!a-z]` for one of a set; `{a,b}` for either
    /// pattern; `\` takes the next character as it is.
    ///
    /// - Throws: `PatternError` when a `[` or `{` is never closed, a set is empty or reversed, or the pattern is empty
    ///   or too long.
    public init(_ pattern: String) throws(PatternError) {
        self.pattern = pattern
        syntax = .glob
        program = try GlobCompiler.compile(pattern)
    }

    /// A regular expression that some part of a text must match: what OBI's deprecated keys hold.
    ///
    /// Literals, `.`, sets, `\d \w \s` and their opposites, groups, `|`, `*`, `+`, `?`, `^` and `$` have their usual
    /// meaning.
    ///
    /// - Throws: `PatternError` for anything else, and for what is malformed, empty or too long.
    public init(regularExpression: String) throws(PatternError) {
        pattern = regularExpression
        syntax = .regularExpression
        program = try RegularExpressionCompiler.compile(regularExpression)
    }

    /// Whether `text` matches.
    public func matches(_ text: String) -> Bool {
        program.matches(text)
    }
}

extension Glob: Hashable {
    public static func == (left: Glob, right: Glob) -> Bool {
        left.pattern == right.pattern && left.syntax == right.syntax
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(pattern)
        hasher.combine(syntax)
    }
}

extension Glob: CustomStringConvertible {
    public var description: String { pattern }
}
