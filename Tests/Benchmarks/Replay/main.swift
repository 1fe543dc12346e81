import Assemble
import Glibc
import LinuxSys
import OTLP
import TraceContext
import Wire

// hilo-bench-replay FILE SECONDS: what the coordinator does with fragments, alone and on one processor: recorded
// `records` messages are decoded, assembled and encoded for a collector, over and over. FILE holds messages, each after
// its length as a u32. Prints spans a second and memory, ten times.

/// The messages, and where in each the connections stand: with another number each round, so that nothing is a
/// duplicate.
struct Recording {
    private(set) var messages: [[UInt8]] = []

    /// Offset of `connection` in `struct hilo_exchange`, and of its kind.
    private static let connection = 16

    init?(path: String) {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var length: UInt32 = 0
        while fread(&length, 4, 1, file) == 1 {
            var message = [UInt8](repeating: 0, count: Int(UInt32(littleEndian: length)))
            guard fread(&message, message.count, 1, file) == 1 else { return nil }
            messages.append(message)
        }
    }

    /// Moves every exchange to a connection that was not there before.
    mutating func beginRound(_ round: UInt64) throws {
        for index in messages.indices {
            try messages[index].withUnsafeMutableBytes { bytes in
                guard let first = UnsafeRawPointer(bytes.baseAddress) else { return }
                var records = try Records(try Frame(decoding: UnsafeRawBufferPointer(bytes)))
                while let record = try records.next() {
                    guard let start = record.baseAddress, record.count > 24 else { continue }
                    let offset = start - first + Recording.connection
                    let connection = round << 40 ^ UInt64(index) << 20 ^ UInt64(offset)
                    bytes.storeBytes(of: connection, toByteOffset: offset, as: UInt64.self)
                }
            }
        }
    }
}

/// Resident memory of this process, in KiB.
func residentMemory() -> Int {
    var text = [CChar](repeating: 0, count: 256)
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    guard fgets(&text, 256, file) != nil else { return 0 }
    let line = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let fields = line.split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4 : 0
}

func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

guard CommandLine.arguments.count == 3, let seconds = Double(CommandLine.arguments[2]),
    var recording = Recording(path: CommandLine.arguments[1]), !recording.messages.isEmpty
else {
    print("hilo-bench-replay FILE SECONDS")
    exit(64)
}

FreedMemory.keep()
let scope = InstrumentationScope(version: "bench")
let service = Resource([("service.name", .string("bench")), ("host.name", .string("bench"))])
var assembler = Assembler(clock: ClockMap(monotonicToUnixNanos: 1_700_000_000_000_000_000))
var spans: [Span] = []
var batch: [Span] = []
var described: Set<UInt32> = []
var (count, encoded, round) = (0, 0, UInt64(0))
var now: UInt64 = 0

do {
    for part in 1...10 {
        let (begin, before) = (processorSeconds(), count)
        while processorSeconds() - begin < seconds / 10 {
            round += 1
            try recording.beginRound(round)
            for message in recording.messages {
                now += 20_000_000
                try message.withUnsafeBytes { bytes in
                    var records = try Records(try Frame(decoding: bytes))
                    while let record = try records.next() {
                        guard case .exchange(let exchange) = try Record(decoding: record) else { continue }
                        if described.insert(exchange.process).inserted {
                            spans += assembler.setResource(service, forProcess: exchange.process)
                        }
                        assembler.take(exchange, now: now, into: &spans)
                    }
                }
                batch += spans
                spans.removeAll(keepingCapacity: true)
                while batch.count >= 512 {
                    encoded += TraceExportRequest.encoded(batch.prefix(512), scope: scope).count
                    count += 512
                    batch.removeFirst(512)
                }
            }
            assembler.expire(now: now, into: &spans)
        }
        let rate = Double(count - before) / (processorSeconds() - begin)
        print("\(part * 10) %: \(Int(rate)) spans/s, \(residentMemory() / 1024) MiB")
    }
    print("\(count) spans in \(Int(processorSeconds())) s, \(encoded / max(1, count)) bytes each")
} catch {
    print("\(error)")
    exit(70)
}
