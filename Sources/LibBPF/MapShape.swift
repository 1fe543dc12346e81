public import CLibBPF

/// What decides how much memory a call on a map reads or writes.
public struct MapShape: Sendable {
    private let type: UInt32
    private let keyBytes: UInt32
    private let valueBytes: UInt32
    /// Any number where it is nil: another one finds an element less, or one more that nobody asks for.
    private let entries: UInt32?

    public init(_ type: bpf_map_type, key: Int = 0, value: Int = 0, entries: UInt32? = nil) {
        self.type = UInt32(type.rawValue)
        keyBytes = UInt32(clamping: key)
        valueBytes = UInt32(clamping: value)
        self.entries = entries
    }

    /// Whether a descriptor is a map of this shape, as the kernel says.
    public func isThat(of descriptor: Int32) -> Bool {
        var info = bpf_map_info()
        var size = UInt32(MemoryLayout<bpf_map_info>.size)
        guard bpf_obj_get_info_by_fd(descriptor, &info, &size) == 0 else { return false }
        return info.type == type && info.key_size == keyBytes && info.value_size == valueBytes
            && (entries ?? info.max_entries) == info.max_entries
    }
}
