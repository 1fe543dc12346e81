public import Supervise
public import Wire

/// How contexts are passed on, by what was asked for and what the tc-attacher found out.
public struct PropagationMode: Hashable, Sendable {
    public enum Headers: String, Sendable {
        case written
        /// The kernel was seen to damage what is sent.
        case withheld
        case notAsked = "not_asked"
    }

    public enum LaterRequests: String, Sendable {
        case header, option, nothing
    }

    public let headers: Headers
    /// What carries the context of requests behind a connection's first.
    public let laterRequests: LaterRequests
    public let hasOption: Bool

    public init(_ carriers: HelperPlan.Carriers, _ hello: Hello) {
        let isWithheld = hello.fact(Fact.headersWithheld) != nil
        hasOption = carriers.contains(.tcp)
        headers = !carriers.contains(.headers) ? .notAsked : isWithheld ? .withheld : .written
        let isInHeader = hello.fact(Fact.laterRequests)?.hasPrefix(Fact.inHeader) ?? false
        laterRequests = headers == .written && isInHeader ? .header : hasOption ? .option : .nothing
    }
}
