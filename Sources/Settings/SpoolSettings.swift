/// Where spans wait that cannot be exported: hilo's own `spool`.
public struct SpoolSettings: Sendable, Equatable {
    /// A directory of its own; nil: in memory only. `spool.directory`, `OTEL_EBPF_SPOOL_DIRECTORY`.
    public var directory: String?
    /// What its files may take together, in bytes. `spool.max_bytes`, `OTEL_EBPF_SPOOL_MAX_BYTES`.
    public var maxBytes: Int

    public init(directory: String? = nil, maxBytes: Int = 256 << 20) {
        self.directory = directory
        self.maxBytes = maxBytes
    }
}
