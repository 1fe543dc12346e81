/// What a process runs, as far as its executable and its command line tell.
///
/// Arguments hold secrets. Of them nothing leaves this type but the name of the script, module or archive that an
/// interpreter runs.
struct Program: Sendable {
    /// Without the mark that the kernel adds when the file was replaced; empty when it could not be read.
    let path: String
    /// The file's name, else what the kernel calls the main thread.
    let name: String
    private let arguments: [String]

    init(executable: String, command: String, arguments: [String]) {
        let deleted = " (deleted)"
        path = executable.hasSuffix(deleted) ? String(executable.dropLast(deleted.count)) : executable
        name = path.isEmpty ? command : Self.lastComponent(path)
        self.arguments = arguments
    }

    /// Splits what /proc/PID/cmdline holds.
    static func arguments(of commandLine: [UInt8]) -> [String] {
        var parts = commandLine.split(separator: 0, omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }

    private var interpreter: Interpreter? { Interpreter(executableName: name) }

    /// `telemetry.sdk.language`, by the name of the executable alone.
    var language: String { interpreter?.language ?? "unknown" }

    /// What to call the service when nobody named it: for an interpreter what it runs, else the executable.
    ///
    /// OBI always takes the executable, which makes one service of everything that is written in one language.
    var serviceName: String {
        interpreter?.script(in: arguments.dropFirst()) ?? name
    }

    static func lastComponent(_ path: String) -> String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.index(after: $0)...]) } ?? path
    }
}
