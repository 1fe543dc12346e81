import Assemble
import Export
import LinuxSys
import Synchronization
import Wire

/// The way of a record to its sinks: decoded, assembled, handed on, in the thread of the event-reader that brought
/// it.
///
/// Everything else that touches the assembler (descriptions of processes, the passing of time) takes the same lock
/// for as short as it can.
final class Tracer: Sendable {
    /// What the rest of hilo has to look at.
    enum News: Sendable {
        case process(ProcessEvent)
        /// Something was captured of a process that nobody has described.
        case stranger(UInt32)
    }

    fileprivate struct State {
        var assembler: Assembler
        var received: UInt64 = 0
        /// Records that had come before, from an event-reader that was killed before it released them.
        var repeated: UInt64 = 0
        /// How far the ring was received, by its number.
        var ring = 0
        var ringEnd: UInt64 = 0
        var processEvents: UInt64 = 0
        var rejected: UInt64 = 0
        /// Filled and emptied within one call; kept for its memory.
        var spans: [Span] = []
        var news: [News] = []
        /// Processes that have a description, and whether something came of them.
        var known: [UInt32: Bool] = [:]
        /// Reported as strangers, and not described since.
        var strangers: Set<UInt32> = []
        /// Reports of executed programs that the rest of hilo has not heard of yet, by process: until then it speaks of
        /// the program before, when it describes or disowns the process.
        var unheardPrograms: [UInt32: Int] = [:]
        /// The process of the exchange before: most come in runs.
        var last: UInt32 = 0
        var firstRejection: RecordError?
    }

    /// Strangers that are remembered; past that they are reported again, which costs a look and no more.
    fileprivate static let mostStrangers = 4096

    private let state: Mutex<State>
    private let sinks: [any SpanSink]
    private let onNews: @Sendable ([News]) -> Void

    /// - Parameter onNews: called in the event-reader's thread; must not wait.
    init(assembler: Assembler, sinks: [any SpanSink], onNews: @escaping @Sendable ([News]) -> Void) {
        state = Mutex(State(assembler: assembler))
        self.sinks = sinks
        self.onNews = onNews
    }

    // MARK: - Records

    /// Takes one batch.
    ///
    /// - Parameter ring: a number for where it comes from; a place in one ring says nothing about another.
    func take(_ records: inout Records, from ring: Int) throws(WireError) {
        let now = MonotonicClock.now()
        let (spans, news) = try state.withLock { (state) throws(WireError) in
            if state.ring != ring { (state.ring, state.ringEnd) = (ring, 0) }
            // Nothing is released before it was handed over, so that nothing is ever left out.
            guard records.position <= state.ringEnd else { throw .badValue("position") }
            while let bytes = try records.next() {
                if records.position <= state.ringEnd {
                    state.repeated += 1
                } else {
                    state.ringEnd = records.position
                    state.take(bytes, now: now)
                }
            }
            return state.handOver()
        }
        deliver(spans)
        if !news.isEmpty { onNews(news) }
    }

    private func deliver(_ spans: [Span]) {
        guard !spans.isEmpty else { return }
        for sink in sinks { sink.take(spans) }
    }

    // MARK: - Processes

    func describe(_ process: UInt32, as resource: Resource) {
        deliver(
            state.withLock { state in
                guard state.unheardPrograms[process] == nil else { return [] }
                if state.known[process] == nil { state.known[process] = false }
                state.strangers.remove(process)
                return state.assembler.setResource(resource, forProcess: process)
            })
    }

    /// A report of an executed program has been heard of: see ``DiscoveryAction/programChanged(_:)``.
    func programChanged(_ process: UInt32) {
        state.withLock { state in
            guard let count = state.unheardPrograms[process] else { return }
            state.unheardPrograms[process] = count > 1 ? count - 1 : nil
        }
    }

    /// Nothing more comes from it, but for what is on its way.
    func forget(_ process: UInt32) {
        let now = MonotonicClock.now()
        state.withLock { state in
            state.known[process] = nil
            state.strangers.remove(process)
            state.assembler.processExited(process, now: now)
        }
    }

    /// Nothing more of it is wanted, nor what waits for its description.
    func disown(_ process: UInt32) {
        let now = MonotonicClock.now()
        state.withLock { state in
            guard state.unheardPrograms[process] == nil else { return }
            state.known[process] = nil
            state.strangers.remove(process)
            state.assembler.disownProcess(process, now: now)
        }
    }

    /// Which processes have yielded something.
    func heard() -> Set<UInt32> {
        state.withLock { state in Set(state.known.filter(\.value).keys) }
    }

    // MARK: - Time

    /// Lets go of what has waited long enough; a few times a second.
    func expire() {
        let now = MonotonicClock.now()
        deliver(
            state.withLock { state in
                state.assembler.expire(now: now, into: &state.spans)
                return state.handOver().spans
            })
    }

    /// Lets go of everything: no record will come any more.
    func flush() {
        let now = MonotonicClock.now()
        deliver(
            state.withLock { state in
                state.assembler.flush(now: now, into: &state.spans)
                return state.handOver().spans
            })
    }

    func setClock(_ clock: ClockMap) {
        state.withLock { $0.assembler.clock = clock }
    }

    var counts: RecordCounts {
        state.withLock { state in
            RecordCounts(
                received: state.received, repeated: state.repeated, processEvents: state.processEvents,
                rejected: state.rejected,
                assembler: state.assembler.counters,
                waiting: UInt64(state.assembler.waitingHalves + state.assembler.waitingSpans))
        }
    }

    /// Why the first record was rejected that was.
    var firstRejection: RecordError? { state.withLock { $0.firstRejection } }
}

extension Tracer.State {
    /// A record that cannot be read is counted and left out: what follows it is whole all the same.
    fileprivate mutating func take(_ bytes: UnsafeRawBufferPointer, now: UInt64) {
        received += 1
        do throws(RecordError) {
            switch try Record(decoding: bytes) {
            case .exchange(let exchange):
                note(exchange.process)
                assembler.take(exchange, now: now, into: &spans)
            case .process(let event):
                processEvents += 1
                // It runs another program: what was known of it no longer holds, for what comes after this record.
                if event.happening == .exec, event.isSelected {
                    assembler.forgetProcess(event.process)
                    unheardPrograms[event.process, default: 0] += 1
                }
                news.append(.process(event))
            }
        } catch {
            rejected += 1
            if firstRejection == nil { firstRejection = error }
        }
    }

    private mutating func note(_ process: UInt32) {
        guard process != last else { return }
        last = process
        if known[process] != nil {
            known[process] = true
        } else if strangers.count < Tracer.mostStrangers, strangers.insert(process).inserted {
            news.append(.stranger(process))
        }
    }

    fileprivate mutating func handOver() -> (spans: [Span], news: [Tracer.News]) {
        defer {
            spans.removeAll(keepingCapacity: true)
            news.removeAll(keepingCapacity: true)
        }
        return (spans, news)
    }
}
