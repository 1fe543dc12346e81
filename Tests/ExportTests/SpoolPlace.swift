import Export
import Foundation
import Glibc
import Synchronization

/// A directory for a spool, which goes with it, and what tests ask of one.
final class SpoolPlace: Sendable {
    let path: String

    init() throws {
        let parent = FileManager.default.temporaryDirectory.appending(path: "hilo-\(UUID().uuidString)").path
        guard mkdir(parent, 0o755) == 0, mkdir(parent + "/spool", 0o700) == 0 else { throw CancellationError() }
        path = parent + "/spool"
    }

    deinit {
        _ = umount2(path, Int32(MNT_DETACH))
        try? FileManager.default.removeItem(atPath: String(path.dropLast("/spool".count)))
    }

    /// Opens it, as soon as nobody has it any more: an actor lives for a moment after it has answered.
    func open(maxBytes: Int = 1 << 20) throws -> Spool {
        for _ in 0..<1000 {
            do throws(SpoolError) {
                return try Spool(directory: path, maxBytes: maxBytes)
            } catch {
                guard error.problem.hasPrefix("another hilo") else { throw error }
                usleep(1000)
            }
        }
        return try Spool(directory: path, maxBytes: maxBytes)
    }

    /// The names in it, sorted.
    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: "\(path)/\(name)"))) }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
        chmod("\(path)/\(name)", 0o600)
    }

    func empty() throws {
        for name in try names { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }
    }

    /// Why it cannot be opened.
    static func problem(_ path: String) -> String? {
        do throws(SpoolError) {
            _ = try Spool(directory: path, maxBytes: 1 << 20)
            return nil
        } catch {
            return error.problem
        }
    }
}

/// What a spool said, added up.
final class SpoolTally: Sendable {
    struct Counts {
        var written = 0
        var tooLarge = 0
        var failed = 0
        var overflow: UInt64 = 0
        var unreadable: UInt64 = 0
        var damaged: UInt64 = 0
        var failures: [String] = []
    }

    private let state = Mutex(Counts())

    var counts: Counts { state.withLock { $0 } }

    func note(_ report: SpoolReport) {
        state.withLock {
            $0.overflow += report.overflow
            $0.unreadable += report.unreadable
            $0.damaged += report.damaged
            $0.failures += report.failures.map(\.description)
        }
    }

    func note(_ writing: SpoolWriting) {
        state.withLock {
            switch writing {
            case .written: $0.written += 1
            case .tooLarge: $0.tooLarge += 1
            case .failed: $0.failed += 1
            }
        }
    }
}

extension Spool {
    func append(_ text: String, spans: UInt64 = 1, _ tally: SpoolTally = SpoolTally()) async {
        append(Array(text.utf8), spans: spans) { (writing, report) in
            tally.note(writing)
            tally.note(report)
        }
    }

    /// Takes one out: the next, or one that was given out before.
    func take(_ batch: StoredBatch? = nil, _ tally: SpoolTally = SpoolTally()) async -> String? {
        guard let entry = next(batch, then: { tally.note($1) }) else { return nil }
        settle(entry.batch, isGone: true) { tally.note($0) }
        return String(decoding: entry.body, as: UTF8.self)
    }

    /// Gives out the next one, which cannot be delivered.
    func fail() async -> StoredBatch? {
        guard let entry = next(nil, then: { _, _ in }) else { return nil }
        settle(entry.batch, isGone: false) { _ in }
        return entry.batch
    }

    /// Takes all of them out.
    func takeAll(_ tally: SpoolTally = SpoolTally()) async -> [String] {
        var all: [String] = []
        while let one = await take(nil, tally) { all.append(one) }
        return all
    }
}
