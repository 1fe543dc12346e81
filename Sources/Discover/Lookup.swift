/// A process that is being looked at.
struct Lookup: Sendable {
    enum Stage: Sendable {
        case looking
        case naming(Choice)
        case confirming
    }

    var stage = Stage.looking
    /// 0: whoever has the number now.
    var startTime: UInt64
    /// The kernel side traces it already.
    var isTraced: Bool
    /// A question was sent and not yet answered.
    var isAsked = false
    /// Something happened since the question: the answer is out of date.
    var isStale = false
    /// The process is gone: the answer is of no interest.
    var hasEnded = false
    /// It is a child of a traced process and shares its service, unless it turns out to run something else.
    var isFork = false
    /// It has executed a program that nobody has looked at yet.
    var isExec = false
    /// Questions that told nothing: without an answer, or out of date when it came.
    var failures = 0
    /// A survey has begun it and waits for it.
    var isAwaited = false
    /// Some of its ports are not known, and they decide whether it is to be traced.
    var hasUnknownPorts = false

    /// Whether the kernel side was told to trace it, without knowing yet that it lived.
    var isSelected: Bool {
        if case .confirming = stage { true } else { false }
    }

    var isUnchosen: Bool {
        if case .looking = stage { true } else { false }
    }

    init(startTime: UInt64, isTraced: Bool) {
        self.startTime = startTime
        self.isTraced = isTraced
    }
}

/// Processes that wait for a question, in two lanes that take turns: those that a survey has found, and those to which
/// something happened. Within a lane it is first come, first served. Anybody can make things happen as fast as the
/// process-inspector answers, and more; a host with many processes takes long to survey. Neither is to wait for the
/// other's end.
struct LookupQueue: Sendable {
    private var surveyed = Lane()
    private var happened = Lane()
    private var isSurveysTurn = false

    mutating func append(_ pid: UInt32, isAwaited: Bool) {
        if isAwaited { surveyed.append(pid) } else { happened.append(pid) }
    }

    mutating func popFirst() -> UInt32? {
        isSurveysTurn.toggle()
        return isSurveysTurn
            ? surveyed.popFirst() ?? happened.popFirst() : happened.popFirst() ?? surveyed.popFirst()
    }

    private struct Lane: Sendable {
        private var pids: [UInt32] = []
        private var head = 0

        mutating func append(_ pid: UInt32) {
            pids.append(pid)
        }

        mutating func popFirst() -> UInt32? {
            guard head < pids.count else { return nil }
            defer {
                head += 1
                if head == pids.count || head > 4096 {
                    pids.removeFirst(head)
                    head = 0
                }
            }
            return pids[head]
        }
    }
}
