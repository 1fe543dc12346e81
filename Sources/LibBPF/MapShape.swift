public import CLibBPF

/// What decides how much memory a call on a map reads or writes.
public struct MapShape: Sendable {
    private let type: UInt32
    private let keyBytes: UInt32
    private let valueBytes: UInt32
    /// Any number where it is nil: another one finds an element less, or one more that nobody asks for.
    private let entries: UInt32?
    /// Any where it is nil.
    private let flags: UInt32?

    public init(_ type: bpf_map_type, key: Int = 0, value: Int = 0, entries: UInt32? = nil) {
        self.type = UInt32(type.rawValue)
        keyBytes = UInt32(clamping: key)
        valueBytes = UInt32(clamping: value)
        self.entries = entries
        flags = nil
    }

    /// BPF_F_RDONLY and BPF_F_WRONLY, which the kernel keeps with a descriptor and not with the map.
    private static let flagsOfDescriptors: UInt32 = 1 << 3 | 1 << 4

    /// That of a map which an object defines, by libbpf's pointer to it: with its flags, and any number of entries.
    public init(of map: OpaquePointer) {
        type = UInt32(bpf_map__type(map).rawValue)
        keyBytes = bpf_map__key_size(map)
        valueBytes = bpf_map__value_size(map)
        entries = nil
        flags = bpf_map__map_flags(map) & ~MapShape.flagsOfDescriptors
    }

    /// Whether a descriptor is a map of this shape, as the kernel says.
    public func isThat(of descriptor: Int32) -> Bool {
        var info = bpf_map_info()
        var size = UInt32(MemoryLayout<bpf_map_info>.size)
        guard bpf_obj_get_info_by_fd(descriptor, &info, &size) == 0 else { return false }
        return info.type == type && info.key_size == keyBytes && info.value_size == valueBytes
            && (entries ?? info.max_entries) == info.max_entries && (flags ?? info.map_flags) == info.map_flags
    }
}
