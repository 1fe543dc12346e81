/// What the TLS follower is to do next: what was told first, then one process after the other, each of which waits
/// once, however often it is asked for. Pure.
///
/// Nothing in it grows with what processes do: it holds numbers of processes that are traced, or were when they were
/// last searched.
public struct FollowQueue: Sendable {
    public enum Step: Hashable, Sendable {
        /// A tls-attacher is at work on these maps; 0: none is. Of others nobody reads any more.
        case loaded(Int)
        /// There is a new process-inspector, or there are several.
        case inspected(Int)
        /// So many files that did not answer in time have.
        case answered(Int)
        /// These are traced no more.
        case leave(Set<UInt32>)
        /// So many processes found no room here.
        case full(Int)
        /// Look for OpenSSL in it.
        case search(UInt32)
        /// All those were searched that waited when this was asked.
        case searched(question: UInt64)
    }

    /// As many processes as can be traced at once, at the largest scale of the kernel's tables.
    public static let most = 65_536

    private let most: Int
    private var traced: Set<UInt32> = []
    /// Those that wait, by when they began to.
    private var waiting: [UInt32: UInt64] = [:]
    private var asked: UInt64 = 0
    /// Whom `asked` counted last that is to be searched before `searched` comes.
    private var awaited: (question: UInt64, last: UInt64)?
    /// The one that was handed out last.
    private var inHand: UInt32?
    /// Whoever was to answer about them was gone. They are searched when there is somebody again.
    private var unanswered: Set<UInt32> = []
    /// Handed out since they are traced: somebody holds something of theirs, perhaps.
    private var handedOut: Set<UInt32> = []
    private var putOff: Set<UInt32> = []

    private var maps = 0
    private var isLoadedNew = false
    private var inspected = 0
    private var answered = 0
    private var left: Set<UInt32> = []
    private var refused = 0
    private var isFinished = false

    public init(most: Int = FollowQueue.most) {
        self.most = most
    }

    // MARK: - What happens

    /// A process is traced, or begins TLS that nobody follows.
    public mutating func follow(_ pid: UInt32) {
        guard traced.contains(pid) || traced.count < most else {
            refused += 1
            return
        }
        traced.insert(pid)
        search(pid)
    }

    /// It is traced no more.
    public mutating func leave(_ pid: UInt32) {
        traced.remove(pid)
        waiting[pid] = nil
        unanswered.remove(pid)
        if handedOut.remove(pid) != nil { left.insert(pid) }
    }

    public mutating func loaded(_ new: Int) {
        maps = new
        isLoadedNew = true
        unanswered = []
        for pid in traced.sorted() { search(pid) }
        awaited?.last = asked
    }

    /// `searched` is to come, once, as soon as those were searched that wait now: not those that come behind them,
    /// for there may be no end of them. Who was put off is not waited for.
    public mutating func tellWhenSearched(question: UInt64) {
        awaited = (question, asked)
    }

    /// It was not searched to its end: a helper was gone.
    public mutating func missed(_ pid: UInt32) {
        if traced.contains(pid), waiting[pid] == nil { unanswered.insert(pid) }
    }

    /// There is somebody again to ask about those that were missed.
    public mutating func searchMissed() {
        let missed = unanswered.sorted()
        unanswered = []
        for pid in missed { search(pid) }
        awaited?.last = asked
    }

    public mutating func inspect() {
        inspected += 1
    }

    public mutating func answer() {
        answered += 1
    }

    public mutating func finish() {
        isFinished = true
    }

    /// A process that is traced is to be searched again.
    public mutating func search(_ pid: UInt32) {
        guard traced.contains(pid), waiting[pid] == nil else { return }
        unanswered.remove(pid)
        asked += 1
        waiting[pid] = asked
    }

    /// It is to be searched again in a while.
    ///
    /// - Returns: whether somebody has to call `retry` then.
    public mutating func putOff(_ pid: UInt32) -> Bool {
        putOff.insert(pid).inserted
    }

    /// The while is over.
    public mutating func retry(_ pid: UInt32) {
        putOff.remove(pid)
        search(pid)
    }

    // MARK: - What is to be done

    /// Nil where there is nothing to be done now, or nothing any more.
    public mutating func next() -> Step? {
        if isFinished { return nil }
        inHand = nil
        if isLoadedNew {
            isLoadedNew = false
            return .loaded(maps)
        }
        if let step = FollowQueue.take(&inspected, Step.inspected) ?? FollowQueue.take(&answered, Step.answered)
            ?? FollowQueue.take(&refused, Step.full)
        {
            return step
        }
        if !left.isEmpty {
            defer { left = [] }
            return .leave(left)
        }
        guard maps > 0 else { return nil }
        let first = waiting.min { $0.value < $1.value }
        if let (question, last) = awaited, unanswered.isEmpty, first.map({ $0.value > last }) ?? true {
            awaited = nil
            return .searched(question: question)
        }
        guard let pid = first?.key else { return nil }
        waiting[pid] = nil
        inHand = pid
        handedOut.insert(pid)
        return .search(pid)
    }

    private static func take(_ count: inout Int, _ step: (Int) -> Step) -> Step? {
        guard count > 0 else { return nil }
        defer { count = 0 }
        return step(count)
    }

    /// How many wait, or are being searched, or were missed.
    public var countOfUnsearched: Int { waiting.count + unanswered.count + (inHand == nil ? 0 : 1) }
}
