/// Consecutive bytes of a file.
struct Region: Hashable {
    let offset: UInt64
    let size: UInt64

    /// Nil when it would end behind `Int64.max`, where no file reaches: adding within a region never overflows.
    init?(offset: UInt64, size: UInt64) {
        let (end, overflowed) = offset.addingReportingOverflow(size)
        guard !overflowed, end <= UInt64(Int64.max) else { return nil }
        self.offset = offset
        self.size = size
    }

    func contains(_ place: UInt64) -> Bool {
        place >= offset && place - offset < size
    }

    /// The part from `start` on, `size` bytes or all that is left; nil when it is not within this one.
    func part(from start: UInt64, size partSize: UInt64? = nil) -> Region? {
        guard start <= size, partSize ?? 0 <= size - start else { return nil }
        return Region(offset: offset + start, size: partSize ?? size - start)
    }
}
