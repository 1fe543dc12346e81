import ELF
import Glibc

/// A file of this machine.
struct OpenFile: RandomAccess, ~Copyable {
    final class Count {
        var reads = 0
    }

    private let descriptor: Int32
    private let count: Count

    init?(_ path: String, _ count: Count = Count()) {
        self.count = count
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ELFError) -> Int {
        count.reads += 1
        let length = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
        guard length >= 0 else { throw .unreadable(code: errno) }
        return length
    }
}
