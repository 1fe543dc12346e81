/// The maps of capture that propagation works on, too, by the names that the programs have for them. An event-reader
/// hands them over, a tc-attacher gets them.
public enum SharedMaps {
    /// State of connections: where hooks are handed sockets that the verifier trusts, in the socket's own storage.
    public static let ofTrustedSockets = "connections"
    public static let byAddress = "connections_by_address"

    private static let others = [
        "counters", "records", "settings", "selected_processes", "open_requests", "forwarded_requests",
        "request_targets", "prepared_contexts", "arrived_contexts", "thread_flows", "partial_heads",
    ]

    public static func names(trustedSockets: Bool) -> [String] {
        [trustedSockets ? ofTrustedSockets : byAddress] + others
    }
}
