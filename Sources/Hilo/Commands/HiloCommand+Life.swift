import ArgumentParser
import LinuxSys
import Wire

extension HiloCommand {
    /// Parses the arguments, runs the command, and ends this process.
    ///
    /// What ArgumentParser's `main` does, and besides: output that could not be written is not reported as success.
    static func runAndLeave() -> Never {
        var code = Wire.ExitCode.success.rawValue
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            code = exitCode(for: error).rawValue
            say(fullMessage(for: error), isAnswer: code == Wire.ExitCode.success.rawValue)
        }
        do throws(SysError) {
            try StandardOutput.flush()
        } catch {
            // A reader that left, such as head(1), has what it wanted.
            if error.code != Errno.brokenPipe {
                StandardError.write(line: "hilo: error: standard output: \(SysError.text(of: error.code))")
                if code == Wire.ExitCode.success.rawValue { code = Wire.ExitCode.fault.rawValue }
            }
        }
        ProcessControl.exit(code)
    }

    /// - Parameter isAnswer: whether it was asked for (`--help`), or says what is wrong.
    private static func say(_ message: String, isAnswer: Bool) {
        guard !message.isEmpty else { return }
        if isAnswer {
            print(message)
        } else {
            for line in message.split(separator: "\n", omittingEmptySubsequences: false) {
                StandardError.write(line: String(line))
            }
        }
    }
}
