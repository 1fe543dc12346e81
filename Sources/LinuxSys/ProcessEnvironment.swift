// The C library's `environ` is a variable; nothing here writes it while it is read.
@preconcurrency internal import Glibc

/// The environment of this process.
public enum ProcessEnvironment {
    /// Every `NAME=value`; of a name that occurs twice the first counts, as for getenv(3).
    public static func current() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text)
            if let equals = pair.firstIndex(of: "=") {
                let name = String(pair[..<equals])
                if variables[name] == nil { variables[name] = String(pair[pair.index(after: equals)...]) }
            }
            entry += 1
        }
        return variables
    }
}
