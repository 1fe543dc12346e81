internal import Dissect

/// What happened to a process that is traced, or that might be: `struct hilo_process_event`.
public struct ProcessEvent: Hashable, Sendable {
    public enum Happening: UInt8, Hashable, Sendable {
        case exec = 1
        /// Only children of selected processes; already selected when this is sent.
        case fork = 2
        /// Only selected processes; the whole process is gone.
        case exit = 3
        /// A TCP socket began to listen on ``ProcessEvent/port``.
        case listen = 4
        /// Its calls failed for the header that was put into them, which is put into none any more.
        case harmed = 5
        /// It begins TLS, and nothing is attached to OpenSSL in it; seldom said, however often it does.
        case encrypts = 6
    }

    static let kind: UInt16 = 2
    static let length = 40

    public var happening: Happening
    /// The kernel side traces this process already: a chosen port, a selected parent.
    public var isSelected: Bool
    /// The process (tgid), in the initial pid namespace.
    public var process: UInt32
    /// Who forked it; only for ``Happening/fork``.
    public var parent: UInt32
    /// Only for ``Happening/listen``.
    public var port: UInt16
    /// CLOCK_MONOTONIC.
    public var monotonicNanos: UInt64
    /// The thread's name (comm), at most 15 bytes of the process's choosing, made printable; empty for
    /// ``Happening/harmed``.
    public var command: String

    public init(
        happening: Happening, isSelected: Bool, process: UInt32, parent: UInt32 = 0, port: UInt16 = 0,
        monotonicNanos: UInt64, command: String
    ) {
        self.happening = happening
        self.isSelected = isSelected
        self.process = process
        self.parent = parent
        self.port = port
        self.monotonicNanos = monotonicNanos
        self.command = command
    }

    /// Decodes one whole record, which must be exactly as long as the struct.
    public init(decoding bytes: Swift.Span<UInt8>) throws(RecordError) {
        guard bytes.count == ProcessEvent.length else {
            throw .length(expected: ProcessEvent.length, actual: bytes.count)
        }
        let fields = bytes.bytes
        let kind = fields.number(at: 0, as: UInt16.self)
        guard kind == ProcessEvent.kind else { throw .kind(kind) }
        happening = try RecordError.value(bytes[2], of: .happening)
        isSelected = bytes[3] != 0
        process = fields.number(at: 4)
        parent = fields.number(at: 8)
        port = fields.number(at: 12)
        monotonicNanos = fields.number(at: 16)
        var end = 24
        while end < ProcessEvent.length, bytes[end] != 0 { end += 1 }
        command = SafeText.replacingUnprintable(bytes.extracting(24..<end))
    }
}
