/// How much a ``DeliveryQueue`` holds, and how patient it is.
package struct DeliveryLimits: Hashable, Sendable {
    /// The most items that are held: waiting, on their way, and waiting to be sent again.
    package var capacity: Int
    /// The most items in one batch.
    package var maxBatch: Int
    /// The longest that an item waits for its batch to fill.
    package var batchTimeout: Duration
    /// The most batches on their way at a time.
    package var concurrency: Int
    /// The pause after a first failure; see ``Backoff``.
    package var initialPause: Duration
    /// The longest pause.
    package var longestPause: Duration
    /// A batch is given up when its next attempt would come later than this after its first one.
    package var longestRetry: Duration

    package init(
        capacity: Int, maxBatch: Int, batchTimeout: Duration, concurrency: Int, initialPause: Duration,
        longestPause: Duration,
        longestRetry: Duration
    ) {
        self.capacity = capacity
        self.maxBatch = max(1, maxBatch)
        self.batchTimeout = batchTimeout
        self.concurrency = max(1, concurrency)
        self.initialPause = initialPause
        self.longestPause = longestPause
        self.longestRetry = longestRetry
    }
}

/// What became of one attempt to deliver a batch.
package enum DeliveryOutcome: Hashable, Sendable {
    /// The collector took the batch, but for this many items of it.
    case delivered(rejected: Int)
    /// The collector will not take this batch, however often it is sent.
    case refused
    /// Another attempt may succeed, after the time that the collector asked for, if it did.
    case failed(retryAfter: Duration?)
}
