import ArgumentParser
import LinuxSys
import Wire

/// Ends the command: lines for standard error, and an exit code.
struct Leaving: Error {
    let code: Wire.ExitCode
    let lines: [String]

    init(_ code: Wire.ExitCode, _ lines: String...) {
        self.init(code, lines: lines)
    }

    init(_ code: Wire.ExitCode, lines: [String]) {
        self.code = code
        self.lines = lines
    }

    /// Writes the lines, and becomes what ArgumentParser leaves with.
    func asExit() -> ArgumentParser.ExitCode {
        for line in lines { StandardError.write(line: "hilo: \(line)") }
        return ArgumentParser.ExitCode(code.rawValue)
    }
}

extension ParsableCommand {
    /// Runs `body`; what it throws ends the command.
    func leaving(_ body: () throws(Leaving) -> Void) throws {
        do throws(Leaving) {
            try body()
        } catch {
            throw error.asExit()
        }
    }
}
