extension Assembler {
    /// What has happened to records and spans, exactly.
    ///
    /// Every record is accounted for: `records` = `duplicates` + `whole` + 2 × `paired` + `requestsExpired` +
    /// `requestsEvicted` + `requestsStopped` + `answersOrphaned` + what waits for its other half. Every exchange with
    /// a request becomes a span: `whole` + `paired` + `requestsExpired` + `requestsEvicted` + `requestsStopped` =
    /// `spans` + `unsampled` + `disowned` + what waits for its process's description.
    public struct Counters: Hashable, Sendable {
        /// Exchange records taken.
        public var records: UInt64 = 0
        /// Records that came again: same connection, sequence and halves.
        public var duplicates: UInt64 = 0
        /// Records that had all there was to know.
        public var whole: UInt64 = 0
        /// Requests joined with the answer that came in a record of its own.
        public var paired: UInt64 = 0
        /// Requests whose answer did not come in time.
        public var requestsExpired: UInt64 = 0
        /// Requests that had to make room while they waited.
        public var requestsEvicted: UInt64 = 0
        /// Requests that still waited when hilo stopped.
        public var requestsStopped: UInt64 = 0
        /// Answers whose request did not come: without it there is no identity, and no span.
        public var answersOrphaned: UInt64 = 0
        /// Spans handed out.
        public var spans: UInt64 = 0
        /// Exchanges of traces that are not sampled, which become no span.
        public var unsampled: UInt64 = 0
        /// Exchanges of programs that were not to be traced, which a traced process had executed.
        public var disowned: UInt64 = 0
        /// Exchanges whose request line could not be read; their spans have no method and no URL.
        public var unreadable: UInt64 = 0
        /// Spans that waited for their process to be described.
        public var deferred: UInt64 = 0
        /// Spans handed out without a description of their process, which did not come in time.
        public var undescribed: UInt64 = 0
        /// Processes that were forgotten before their time, because too many were remembered that are gone or were
        /// never described. What still comes from one waits for a description, and goes without if there is none.
        public var processesEvicted: UInt64 = 0
        /// Server spans without the route that they would have had, because their process has too many.
        public var routesOverLimit: UInt64 = 0

        public init() {}

        /// All of them, with the names that metrics and logs use.
        public var all: [(name: String, value: UInt64)] {
            [
                ("records", records), ("duplicates", duplicates), ("whole", whole), ("paired", paired),
                ("requests_expired", requestsExpired), ("requests_evicted", requestsEvicted),
                ("requests_stopped", requestsStopped), ("answers_orphaned", answersOrphaned), ("spans", spans),
                ("unsampled", unsampled), ("disowned", disowned), ("unreadable", unreadable), ("deferred", deferred),
                ("undescribed", undescribed), ("processes_evicted", processesEvicted),
                ("routes_over_limit", routesOverLimit),
            ]
        }
    }
}
