public import Assemble

/// What became of the records that arrived.
public struct RecordCounts: Hashable, Sendable {
    /// Records handed over by event-readers.
    public var received: UInt64
    /// Handed over a second time, and left out; not among `received`.
    public var repeated: UInt64
    /// Of those, reports about processes.
    public var processEvents: UInt64
    /// Of those, records that could not be decoded.
    public var rejected: UInt64
    public var assembler: Assembler.Counters
    /// Halves and spans that wait in the assembler.
    public var waiting: UInt64

    public init(
        received: UInt64 = 0, repeated: UInt64 = 0, processEvents: UInt64 = 0, rejected: UInt64 = 0,
        assembler: Assembler.Counters = Assembler.Counters(), waiting: UInt64 = 0
    ) {
        self.received = received
        self.repeated = repeated
        self.processEvents = processEvents
        self.rejected = rejected
        self.assembler = assembler
        self.waiting = waiting
    }
}
