/// A key of the configuration: hilo's own, or one that OBI has.
struct KnownKey: Sendable {
    /// Where it is written in YAML, from the outermost key on; or, for what only the environment has, the variable.
    let path: String
    /// The variables that overrule the file, the strongest first. A `*` at the end stands for any rest.
    let environment: [String]
    /// The variables that are asked when neither those above nor the file say anything, the strongest first.
    let fallback: [String]
    let status: Status
    /// An empty text is a value of its own; for other keys it is as good as nothing, as an empty variable is.
    let hasEmptyValue: Bool

    enum Status: Sendable {
        case supported
        /// It still works; the text says what to write instead.
        case deprecated(String)
        /// OBI does it, hilo does not do it yet. For a path with keys below it, this holds for them all.
        case notYet
        /// It makes no sense in hilo; the text says why.
        case noEffect(String)
        /// Going on would be worse than stopping; the text says why.
        case refused(String)
    }

    init(
        _ path: String, _ environment: [String] = [], fallback: [String] = [], _ status: Status = .supported,
        hasEmptyValue: Bool = false
    ) {
        self.path = path
        self.environment = environment
        self.fallback = fallback
        self.status = status
        self.hasEmptyValue = hasEmptyValue
    }

    /// A key that no variable overrules.
    init(_ path: String, _ status: Status) {
        self.init(path, [], status)
    }

    /// What to tell whoever wrote it, if anything.
    var warning: (problem: String, remedy: String?)? {
        switch status {
        case .supported, .refused: nil
        case .deprecated(let successor): ("is deprecated", "use \(successor)")
        case .notYet: ("is not done by hilo yet and has no effect", nil)
        case .noEffect(let reason): ("has no effect: \(reason)", nil)
        }
    }

    /// Whether its value is read.
    var isRead: Bool {
        switch status {
        case .supported, .deprecated: true
        case .notYet, .noEffect, .refused: false
        }
    }

    /// Whether `variable` belongs to it.
    func owns(_ variable: String) -> Bool {
        (environment + fallback).contains { name in
            name.hasSuffix("*") ? variable.hasPrefix(name.dropLast()) : variable == name
        }
    }
}
