internal import CLibBPF
public import LinuxSys

/// A ring that programs write: records read in place, released when somebody else has them.
public struct RecordRing: ~Copyable {
    private var ring = hilo_ring()
    /// Where the record begins that was read last.
    private var last: UInt = 0

    /// The same, as the ring counts: in bytes, ever growing.
    public var place: UInt64 { UInt64(last) }

    /// - Parameters:
    ///   - map: descriptor of the map, which the loaded object keeps open.
    ///   - bytes: its size, a power of two.
    public init(map: Int32, bytes: UInt32) throws(SysError) {
        let answer = hilo_ring_open(&ring, map, bytes)
        guard answer == 0 else { throw SysError("mmap of the ring", code: -answer) }
        // Whoever holds the map can move the place that is read from; at this one no record begins.
        guard ring.position & 7 == 0 else { throw SysError("place in the ring", code: Errno.invalid) }
    }

    /// Readable after a wake-up by the kernel, until `awake`.
    public var wakeups: Int32 { ring.wakeups }

    /// `wakeups` is readable for this descriptor, too, for as long as it is.
    public mutating func watch(_ descriptor: Int32) throws(SysError) {
        let answer = hilo_ring_watch(&ring, descriptor)
        guard answer == 0 else { throw SysError("epoll_ctl", code: -answer) }
    }

    public mutating func awake() {
        hilo_ring_awake(&ring)
    }

    /// The next complete record, valid until it is released; nil when there is none.
    ///
    /// - Throws: `SysError` for one that is longer than the ring: it was not read from where a record begins.
    public mutating func next() throws(SysError) -> UnsafeRawBufferPointer? {
        var length: UInt32 = 0
        guard let start = hilo_ring_next(&ring, &length) else { return nil }
        guard UInt(length) <= ring.mask else { throw SysError("record in the ring", code: Errno.tooLong) }
        // A header of 8 bytes, and all of it rounded up to 8; whatever the kernel discarded lies before it.
        last = ring.position - ((UInt(length) + 15) & ~7)
        return UnsafeRawBufferPointer(start: start, count: Int(length))
    }

    /// Gives the room of the records read so far back to the kernel.
    ///
    /// - Parameter keepingLast: all but the last one.
    public mutating func release(keepingLast: Bool) {
        let read = ring.position
        if keepingLast { ring.position = last }
        hilo_ring_release(&ring)
        ring.position = read
    }
}
