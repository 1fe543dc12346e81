import LinuxSys
import Supervise
import Wire

// Before anything is opened, by the starter as well: what has the number of a closed standard stream gets our output.
do throws(SysError) {
    try Descriptors.fillStandardStreams()
} catch {
    StandardError.write(line: "hilo: error: a closed standard stream cannot be replaced: \(error)")
    ProcessControl.exit(Wire.ExitCode.fault.rawValue)
}

if Starter.isThisProcess { Starter.run() }

ProcessControl.ignoreBrokenPipes()
HiloCommand.runAndLeave()
