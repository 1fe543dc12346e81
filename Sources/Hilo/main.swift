import LinuxSys
import Supervise

if Starter.isThisProcess { Starter.run() }

// Before anything starts a thread: all threads inherit it, and one of ours waits for these signals.
StopSignals.block()
ProcessControl.ignoreBrokenPipes()
HiloCommand.main()
