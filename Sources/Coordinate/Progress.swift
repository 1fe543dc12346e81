/// How far a run is on its way to being ready: its helpers serve, every process was looked at, whom the kernel is to
/// trace it traces, and where TLS is followed, they were searched for OpenSSL. Pure.
public struct Progress: Hashable, Sendable {
    /// The search for OpenSSL in the processes that were found.
    public enum Search: Hashable, Sendable {
        case unwanted
        /// There is nobody to search, and nobody will come.
        case unavailable
        /// Its helper does not serve.
        case unattended
        case unasked
        /// Somebody is to say when it is over.
        case asked(question: UInt64)
        case over
    }

    /// How long the search is waited for when all else is there: longer than as many files take as may be attached to,
    /// and than a helper that hangs is waited for.
    public static let patience: UInt64 = 45_000_000_000

    public private(set) var isReaderConfigured = false
    /// It was at some time.
    public private(set) var wasReaderConfigured = false
    public private(set) var isInspectorReady = false
    /// True also where there is none to wait for.
    public private(set) var isAttacherReady: Bool
    public private(set) var hasScanBegun = false
    public private(set) var isReady = false
    public private(set) var search: Search
    private var questions: UInt64 = 0
    /// When the search is not waited for any more (monotonic clock, ns).
    private var searchBy: UInt64?

    /// - Parameters:
    ///   - passesOn: contexts are to be passed on, which takes a tc-attacher.
    ///   - followsTLS: TLS is to be followed, which takes a tls-attacher and a search.
    public init(passesOn: Bool = false, followsTLS: Bool = false) {
        isAttacherReady = !passesOn
        search = followsTLS ? .unattended : .unwanted
    }

    public mutating func readerConfigured() {
        isReaderConfigured = true
        wasReaderConfigured = true
    }

    /// All processes are looked at once more, and so they are searched.
    public mutating func readerLost() {
        isReaderConfigured = false
        switch search {
        case .asked, .over: search = .unasked
        case .unwanted, .unavailable, .unattended, .unasked: break
        }
    }

    public mutating func inspectorReady() { isInspectorReady = true }

    public mutating func inspectorLost() { isInspectorReady = false }

    public mutating func attacherReady() { isAttacherReady = true }

    public mutating func attacherLost() { isAttacherReady = false }

    public mutating func tlsAttacherReady() { if search == .unattended { search = .unasked } }

    public mutating func tlsAttacherLost() { search = .unattended }

    public mutating func tlsAttacherGivenUp() { search = .unavailable }

    /// - Returns: whether that was the question that is open.
    public mutating func searched(question: UInt64) -> Bool {
        guard search == .asked(question: question) else { return false }
        search = .over
        return true
    }

    /// Whether the first scan is to begin now; true once.
    public mutating func beginScan() -> Bool {
        guard !hasScanBegun, isReaderConfigured, isInspectorReady else { return false }
        hasScanBegun = true
        return true
    }

    /// The question to put now: when will the processes that were found have been searched? Nil: none, or it was put.
    ///
    /// - Parameter hasLooked: the first look at all processes is over.
    public mutating func askForSearch(hasLooked: Bool) -> UInt64? {
        guard search == .unasked, hasAllBesideSearch(hasLooked) else { return nil }
        questions += 1
        search = .asked(question: questions)
        return questions
    }

    /// Whether everything is attached and looked at now; true once. `search` says whether that took too long.
    ///
    /// - Parameter now: monotonic clock, ns.
    public mutating func becomeReady(hasLooked: Bool, now: UInt64) -> Bool {
        guard !isReady, hasAllBesideSearch(hasLooked) else {
            searchBy = nil
            return false
        }
        switch search {
        case .unwanted, .unavailable, .over: break
        case .unattended, .unasked, .asked:
            let by = searchBy ?? now &+ Progress.patience
            searchBy = by
            guard now >= by else { return false }
        }
        isReady = true
        return true
    }

    private func hasAllBesideSearch(_ hasLooked: Bool) -> Bool {
        hasScanBegun && isReaderConfigured && isInspectorReady && isAttacherReady && hasLooked
    }
}
