internal import CLibBPF

/// An object of compiled programs that is open, by libbpf's pointer to it.
public enum Programs {
    public static func forEach(of object: OpaquePointer, _ body: (OpaquePointer) -> Void) {
        var program = bpf_object__next_program(object, nil)
        while let present = program {
            body(present)
            program = bpf_object__next_program(object, present)
        }
    }

    /// Tables are found by key; arrays and per-socket storage have the size that they have.
    ///
    /// - Parameter scale: every table gets two to this power times as many entries as its definition says.
    public static func scaleTables(of object: OpaquePointer, by scale: Int) {
        var map = bpf_object__next_map(object, nil)
        while let present = map {
            if [BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_LRU_HASH].contains(bpf_map__type(present)) {
                bpf_map__set_max_entries(present, bpf_map__max_entries(present) << scale)
            }
            map = bpf_object__next_map(object, present)
        }
    }

    /// The end of what libbpf said, on one line.
    public static func lastWords() -> String {
        let lines = String(cString: hilo_libbpf_words()).split(separator: "\n")
        let telling = lines.filter { !$0.contains("-- BEGIN") && !$0.contains("-- END") }
        return telling.suffix(3).joined(separator: " | ")
    }
}
