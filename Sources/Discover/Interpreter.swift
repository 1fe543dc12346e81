/// A program that runs another one which its arguments name.
enum Interpreter: Sendable {
    case python, node, deno, java, ruby, php, perl, dotnet, erlang

    /// - Parameter executableName: such as `python3.12`, `node`, `php8.2`.
    init?(executableName: String) {
        // Versions follow the name: python3.12, ruby3.1, php8.2, perl5.36.0.
        let stem = String(executableName.prefix { !($0.isASCII && $0.isNumber) && $0 != "." })
        switch stem {
        case "python", "pypy", "python-dbg": self = .python
        case "node", "nodejs", "bun": self = .node
        case "deno": self = .deno
        case "java": self = .java
        case "ruby", "jruby", "truffleruby": self = .ruby
        case "php", "php-fpm", "php-cgi": self = .php
        case "perl": self = .perl
        case "dotnet": self = .dotnet
        case "beam": self = .erlang
        default: return nil
        }
    }

    /// A value of `telemetry.sdk.language` where the conventions have one.
    var language: String {
        switch self {
        case .python: "python"
        case .node, .deno: "nodejs"
        case .java: "java"
        case .ruby: "ruby"
        case .php: "php"
        case .perl: "unknown"
        case .dotnet: "dotnet"
        case .erlang: "erlang"
        }
    }

    /// The name of what it runs, without folder and extension.
    ///
    /// - Parameter arguments: without the first, which is the interpreter's own name.
    /// - Returns: nil when it runs text from the command line or standard input, or nothing that is recognised.
    func script(in arguments: ArraySlice<String>) -> String? {
        let name = operand(in: arguments)
        return name.flatMap { Self.isName($0) ? $0 : nil }
    }

    /// Whether this looks like the name of a program, and not like data that an unknown option took.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 128
            && text.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || "0123456789._-+".unicodeScalars.contains($0)
            }
    }

    private func operand(in arguments: ArraySlice<String>) -> String? {
        switch self {
        case .python: Self.pythonScript(arguments)
        case .node: Self.firstOperand(arguments, options: .node, commands: ["run"])
        case .deno: Self.firstOperand(arguments, options: .node, commands: ["run", "serve"])
        case .java: Self.javaProgram(arguments)
        case .ruby: Self.firstOperand(arguments, options: .ruby)
        case .php: Self.firstOperand(arguments, options: .php)
        case .perl: Self.firstOperand(arguments, options: .perl)
        case .dotnet: Self.firstOperand(arguments, options: .none, commands: ["exec"])
        case .erlang: nil
        }
    }

    // MARK: Options

    /// The options of an interpreter that matter in front of a script.
    private struct Options {
        /// Their value is the next argument.
        var withValue: Set<String> = []
        /// What follows is not a script but its text.
        var withText: Set<String> = []

        static let none = Options()
        static let node = Options(
            withValue: [
                "-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions", "--title",
                "--env-file", "--preload", "--config", "-c",
            ],
            withText: ["-e", "--eval", "-p", "--print", "-pe", "-i", "--interactive"])
        static let ruby = Options(withValue: ["-r", "-I", "-C", "-E", "-W", "-K"], withText: ["-e"])
        static let php = Options(
            withValue: ["-S", "-t", "-c", "-d", "-z", "--server", "--docroot", "--php-ini", "--define"],
            withText: ["-r", "-B", "-R", "-E", "--run"])
        static let perl = Options(withValue: ["-I"], withText: ["-e", "-E"])
    }

    /// The first argument that is neither an option, nor an option's value, nor a subcommand.
    private static func firstOperand(
        _ arguments: ArraySlice<String>, options: Options, commands: Set<String> = []
    ) -> String? {
        var rest = arguments
        var commands = commands
        while let argument = rest.popFirst() {
            if argument == "--" { return rest.first.map(baseName) }
            if options.withText.contains(argument) || argument == "-" { return nil }
            if argument == "-f" || argument == "--file" { return rest.first.map(baseName) }
            if options.withValue.contains(argument) {
                _ = rest.popFirst()
            } else if !argument.hasPrefix("-") {
                guard commands.contains(argument) else { return baseName(argument) }
                commands = []
            }
        }
        return nil
    }

    // MARK: Python

    /// By <https://docs.python.org/3/using/cmdline.html>: letters without values may share one dash.
    private static func pythonScript(_ arguments: ArraySlice<String>) -> String? {
        var rest = arguments
        while let argument = rest.popFirst() {
            if argument == "-" { return nil }
            if argument == "--check-hash-based-pycs" {
                _ = rest.popFirst()
                continue
            }
            guard argument.hasPrefix("-"), !argument.hasPrefix("--") else {
                if argument.hasPrefix("--") { continue }
                return baseName(argument)
            }
            var letters = argument.dropFirst()
            letters: while let letter = letters.popFirst() {
                switch letter {
                case "c": return nil
                case "m": return module(letters.isEmpty ? rest.first ?? "" : String(letters))
                case "W", "X":
                    if letters.isEmpty { _ = rest.popFirst() }
                    break letters
                default: continue
                }
            }
        }
        return nil
    }

    /// `-m package.module`: kept whole, for its last part alone says little.
    private static func module(_ name: String) -> String? {
        name.isEmpty ? nil : name
    }

    // MARK: Java

    /// By the java launcher's usage: `-jar FILE`, `-m MODULE[/CLASS]`, or a class.
    private static func javaProgram(_ arguments: ArraySlice<String>) -> String? {
        let withValue: Set<String> = [
            "-cp", "-classpath", "--class-path", "-p", "--module-path", "--upgrade-module-path", "--add-modules",
            "--add-exports", "--add-opens", "--add-reads", "--patch-module", "--limit-modules", "--source",
            "--enable-native-access", "-d", "--describe-module",
        ]
        var rest = arguments
        while let argument = rest.popFirst() {
            switch argument {
            case "-jar": return rest.first.map { withoutVersion(baseName($0)) }
            case "-m", "--module": return rest.first.map(className)
            case _ where argument.hasPrefix("--module="):
                return className(String(argument.dropFirst("--module=".count)))
            case _ where withValue.contains(argument): _ = rest.popFirst()
            // Options may also stand in a file, which is not read.
            case _ where argument.hasPrefix("-") || argument.hasPrefix("@"): continue
            default: return argument.hasSuffix(".java") ? baseName(argument) : className(argument)
            }
        }
        return nil
    }

    /// `module/com.example.shop.Main` or `com.example.shop.Main`: the class without its package.
    private static func className(_ name: String) -> String {
        Program.lastComponent(name).split(separator: ".").last.map(String.init) ?? name
    }

    /// `shop-1.4.2-SNAPSHOT` is `shop`: with each release another service would be of no use.
    private static func withoutVersion(_ name: String) -> String {
        var start = name.startIndex
        while let dash = name[start...].firstIndex(of: "-") {
            let after = name.index(after: dash)
            let version = name[after...]
            if version.first.map({ $0.isASCII && $0.isNumber }) == true, version.contains("."), dash > name.startIndex {
                return String(name[..<dash])
            }
            start = after
        }
        return name
    }

    // MARK: Files

    private static let extensions: Set<String> = [
        "py", "pyc", "pyz", "js", "mjs", "cjs", "ts", "mts", "cts", "jsx", "tsx", "rb", "ru", "php", "pl", "jar", "war",
        "java", "dll", "phar",
    ]

    private static func baseName(_ path: String) -> String {
        let name = Program.lastComponent(path)
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex,
            extensions.contains(String(name[name.index(after: dot)...]))
        else { return name }
        return String(name[..<dot])
    }
}
