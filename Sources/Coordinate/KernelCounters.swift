public import BPFABI
public import Wire

/// The counters of the capture programs, by what they count: `enum hilo_counter`.
public struct KernelCounters: Hashable, Sendable {
    private var values: [UInt64]

    public init() {
        values = Array(repeating: 0, count: CountReply.size)
    }

    public init(_ reply: CountReply) {
        values = reply.counters
    }

    public subscript(_ counter: hilo_counter) -> UInt64 { values[Int(counter.rawValue)] }

    /// Makes a counter at least `value`.
    public mutating func raise(_ counter: hilo_counter, to value: UInt64) {
        values[Int(counter.rawValue)] = max(values[Int(counter.rawValue)], value)
    }

    public static func += (left: inout KernelCounters, right: KernelCounters) {
        for index in left.values.indices { left.values[index] &+= right.values[index] }
    }

    public static func + (left: KernelCounters, right: KernelCounters) -> KernelCounters {
        var sum = left
        sum += right
        return sum
    }

    /// What was counted since `before`; a counter that began anew counts from zero.
    public func since(_ before: KernelCounters) -> KernelCounters {
        var difference = self
        for index in values.indices where before.values[index] <= values[index] {
            difference.values[index] -= before.values[index]
        }
        return difference
    }

    /// What became of contexts that were to be passed on, with the names that the log uses.
    public static let propagation: [(counter: hilo_counter, name: String)] = [
        (HILO_COUNT_ENROLLED, "enrolled"), (HILO_COUNT_ENROL_FAILED, "enrol_failed"), (HILO_COUNT_OLDER, "older"),
        (HILO_COUNT_HEADER_WRITTEN, "headers_written"), (HILO_COUNT_HEADER_OWN, "headers_own"),
        (HILO_COUNT_HEADER_NO_PLACE, "headers_no_place"), (HILO_COUNT_HEADER_UNSAFE, "headers_unsafe"),
        (HILO_COUNT_HEADER_FAILED, "headers_failed"), (HILO_COUNT_OPTION_WRITTEN, "options_written"),
        (HILO_COUNT_OPTION_NO_ROOM, "options_no_room"), (HILO_COUNT_OPTION_READ, "options_read"),
        (HILO_COUNT_RENEWED, "renewed"), (HILO_COUNT_RENEW_LATE, "renew_late"),
        (HILO_COUNT_RENEW_READ_AHEAD, "renew_read_ahead"), (HILO_COUNT_RENEW_NOT_FOUND, "renew_not_found"),
        (HILO_COUNT_RENEW_FAILED, "renew_failed"), (HILO_COUNT_RENEW_UNHEARD, "renew_unheard"),
        (HILO_COUNT_RENEW_UNASKED, "renew_unasked"), (HILO_COUNT_RENEW_UNWATCHED, "renew_unwatched"),
        (HILO_COUNT_STATE_WRITTEN, "states_written"), (HILO_COUNT_STATE_UNFIT, "states_unfit"),
        (HILO_COUNT_STATE_UNSAFE, "states_unsafe"), (HILO_COUNT_STATES_FULL, "states_full"),
        (HILO_COUNT_TRIALS, "trials"), (HILO_COUNT_WITHHELD, "withheld"), (HILO_COUNT_HARMED, "harmed"),
    ]

    /// What kept something from being traced, with the names that the log uses.
    public static let losses: [(counter: hilo_counter, name: String)] = [
        (HILO_COUNT_RING_FULL, "ring_full"), (HILO_COUNT_FRAMING_LOST, "framing_lost"),
        (HILO_COUNT_USER_READ_FAILED, "user_read_failed"), (HILO_COUNT_NO_USER_BUFFER, "no_user_buffer"),
        (HILO_COUNT_REQUESTS_FULL, "requests_full"), (HILO_COUNT_THREADS_FULL, "threads_full"),
        (HILO_COUNT_CONNECTIONS_FULL, "connections_full"), (HILO_COUNT_PREPARED_FAILED, "prepared_failed"),
        (HILO_COUNT_PIPELINE_TOO_DEEP, "pipeline_too_deep"), (HILO_COUNT_SELECTED_FULL, "selected_full"),
        (HILO_COUNT_PARTIAL_HEADS_FULL, "partial_heads_full"), (HILO_COUNT_CONTENDED, "contended"),
        (HILO_COUNT_OVERSTAYED, "overstayed"), (HILO_COUNT_TLS_IN_DOUBT, "tls_in_doubt"),
    ]
}
