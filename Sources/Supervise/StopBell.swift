internal import LinuxSys
internal import Synchronization

/// Wakes a thread that polls, once and for good.
final class StopBell: Sendable {
    private let reader: OwnedFD
    private let writer: Mutex<OwnedFD?>

    init() throws(SysError) {
        var pipe = try Pipe()
        guard let reader = pipe.takeReader(), let writer = pipe.takeWriter() else {
            throw SysError("pipe2", code: Errno.badDescriptor)
        }
        self.reader = reader
        self.writer = Mutex(writer)
    }

    /// Hung up once it has rung.
    var descriptor: Int32 { reader.rawValue }

    func ring() {
        writer.withLock { $0 = nil }
    }
}
