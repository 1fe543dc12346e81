/// Which attributes a span carries beyond the required ones: `attributes`.
public struct AttributeSettings: Sendable, Equatable {
    /// Whether spans carry `url.query`. Off unless asked for, because queries hold personal data and tokens:
    /// `attributes.select.traces.include: ["url.query"]`.
    public var selectQuery: Bool
    /// `host.id`, when it is not to be the machine's own: `attributes.host_id.override`, `OTEL_EBPF_HOST_ID`.
    public var hostID: String?
    /// `host.name`, when it is not to be the machine's own: `attributes.instance_id.override_hostname`,
    /// `OTEL_EBPF_HOSTNAME`.
    public var hostName: String?

    /// The request methods that spans name, in place of those of RFC 9110 and PATCH; any other is `_OTHER`:
    /// `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`.
    public var knownMethods: Set<String>?

    public init(
        selectQuery: Bool = false, hostID: String? = nil, hostName: String? = nil, knownMethods: Set<String>? = nil
    ) {
        self.selectQuery = selectQuery
        self.hostID = hostID
        self.hostName = hostName
        self.knownMethods = knownMethods
    }
}
