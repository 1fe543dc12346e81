import LinuxSys

/// An open segment.
final class SpoolFile {
    let number: UInt64
    let descriptor: OwnedFD

    init(_ number: UInt64, _ descriptor: consuming OwnedFD) {
        self.number = number
        self.descriptor = descriptor
    }

    /// What is at a place.
    ///
    /// - Parameter size: of the segment.
    func step(at offset: Int, size: Int) throws(SysError) -> SpoolFormat.Step {
        let count = min(SpoolFormat.entryHeaderSize, max(0, size - offset))
        return SpoolFormat.readEntry(try descriptor.bytes(at: offset, count: count), at: offset, size: size)
    }
}

extension SysError {
    /// Whether the same may succeed in a moment, with the file as it is.
    var isPassing: Bool {
        [Errno.tooManyFiles, Errno.tooManyFilesInSystem, Errno.noMemory].contains(code)
    }
}
