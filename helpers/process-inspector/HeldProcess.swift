import HelperKit
import LinuxSys
import Wire

/// The directory of one process, held before the start time is compared, so that everything read afterwards is of that
/// process even when its number is given to another one meanwhile.
struct HeldProcess: ~Copyable {
    let directory: HeldDirectory
    let stat: ProcessStat

    /// - Parameter startTime: 0 for whoever has the number.
    init(_ proc: borrowing HeldDirectory, _ pid: UInt32, startTime: UInt64) throws(Declined) {
        guard let name = Policy.directoryName(of: pid) else {
            throw Declined(.invalid, text: "no process has that number")
        }
        let directory = try Declined.translating { () throws(SysError) in try proc.directory(name) }
        let text = try Declined.translating { () throws(SysError) in
            try directory.contents(of: "stat", atMost: Bounds.stat)
        }
        guard let stat = ProcessStat(text), !stat.hasEnded else {
            throw Declined(.gone, text: "the process has ended")
        }
        guard startTime == 0 || startTime == stat.startTime else {
            throw Declined(.gone, text: "the number belongs to another process by now")
        }
        self.directory = directory
        self.stat = stat
    }
}

/// A file that a process has mapped: named, not opened.
struct OpenedLibrary: ~Copyable {
    let path: String
    /// How many more there are.
    let left: UInt8
    let file: OwnedFD
}
