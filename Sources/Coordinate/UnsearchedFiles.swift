/// Files that are not searched for OpenSSL: those that do not hold it, and, for a while, those that did not answer. Who
/// maps a file can have it not answer, and so can a host that stands still: one process is no judge of it, and three
/// are for ten minutes. Pure.
public struct UnsearchedFiles<File: Hashable & Sendable>: Sendable {
    /// Of so many processes a file did not answer in a row.
    private static var mostLate: Int { 3 }
    private static var rest: Duration { .seconds(600) }
    private let most: Int
    private var without: Set<File> = []
    private var late: [File: (processes: Set<UInt32>, last: ContinuousClock.Instant)] = [:]

    /// - Parameter most: that are remembered, of either kind. With more, all of them are forgotten.
    public init(most: Int = 1024) {
        self.most = most
    }

    public func contains(_ file: File, at now: ContinuousClock.Instant) -> Bool {
        if without.contains(file) { return true }
        guard let late = late[file], late.processes.count >= UnsearchedFiles.mostLate else { return false }
        return now - late.last < UnsearchedFiles.rest
    }

    /// It does not hold OpenSSL.
    public mutating func add(_ file: File) {
        if without.count >= most { without = [] }
        without.insert(file)
        late[file] = nil
    }

    /// It did not answer when it was searched for this process.
    public mutating func isLate(_ file: File, of pid: UInt32, at now: ContinuousClock.Instant) {
        if late.count >= most { late = [:] }
        var known = late[file] ?? ([], now)
        if known.processes.count >= UnsearchedFiles.mostLate { known.processes = [] }
        known.processes.insert(pid)
        known.last = now
        late[file] = known
    }

    /// It answered.
    public mutating func hasAnswered(_ file: File) {
        late[file] = nil
    }
}
