/// The maps of capture that other helpers' programs work on, too, by the names that the programs have for them. An
/// event-reader hands them over, the attachers get them.
///
/// Never among them: `scratch`, whose addresses the programs read from.
public enum SharedMaps {
    /// State of connections: where hooks are handed sockets that the verifier trusts, in the socket's own storage.
    public static let ofTrustedSockets = "connections"
    public static let byAddress = "connections_by_address"

    /// What only programs write: frozen, so that no process can, whoever has a descriptor.
    public static let ofProgramsAlone =
        [ofTrustedSockets, byAddress] + [
            "open_requests", "forwarded_requests", "request_targets", "prepared_contexts", "arrived_contexts",
            "thread_flows", "partial_heads", "tracestates", "harms", "harmed",
        ]
        + ofSessions

    private static let ofSessions = ["tls_sessions", "tls_calls", "tls_pairings"]

    /// The ring to the tc-attacher.
    public static let ofRests = "resting"

    private static let ofProcessesToo = ["counters", "records", ofRests, "settings", "selected_processes"]

    /// Whether capture keeps its state with sockets that the verifier trusts, by the names of what it shares.
    public static func areOfTrustedSockets(_ names: [String]) -> Bool {
        names.contains(ofTrustedSockets)
    }

    public static func names(trustedSockets: Bool) -> [String] {
        namesForTLS(trustedSockets: trustedSockets).filter { !ofSessions.contains($0) }
    }

    /// The same for a tls-attacher.
    public static func namesForTLS(trustedSockets: Bool) -> [String] {
        let unused = trustedSockets ? byAddress : ofTrustedSockets
        return ofProgramsAlone.filter { $0 != unused } + ofProcessesToo
    }
}
