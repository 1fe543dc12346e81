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

    public init(selectQuery: Bool = false, hostID: String? = nil, hostName: String? = nil) {
        self.selectQuery = selectQuery
        self.hostID = hostID
        self.hostName = hostName
    }
}
