/// Every message there is. Requests are even and their replies are the next number; what is said without a question
/// and needs no answer is even, from 0x0100 up. A number is never used again for something else.
public enum MessageKind: UInt16, CaseIterable, Sendable {
    case declined = 0x0001
    case scan = 0x0010
    case scanned = 0x0011
    case describe = 0x0012
    case described = 0x0013
    case library = 0x0014
    case libraryOpened = 0x0015
    case configure = 0x0020
    case configured = 0x0021
    case select = 0x0022
    case selected = 0x0023
    case count = 0x0024
    case counted = 0x0025
    case attach = 0x0030
    case attached = 0x0031
    case hello = 0x0100
    case log = 0x0102
    case records = 0x0104
    case maps = 0x0106
    case link = 0x0108
    case inherit = 0x010A
    case share = 0x010C
    case lend = 0x010E
}

/// What the protocol says about one kind: a row of PROTOCOL.md, which a test compares with these values.
public struct MessageRule: Hashable, Sendable {
    public enum Sender: String, Sendable {
        case coordinator
        case anyHelper = "any helper"
        case processInspector = "process-inspector"
        case eventReader = "event-reader"
        case tlsAttacher = "tls-attacher"
        case loader = "event-reader, tc-attacher"
    }

    /// When in a helper's life.
    public enum Phase: String, Sendable {
        /// Also before the greeting.
        case any
        /// Before a helper's first message.
        case starting
        /// The first message of a helper's life.
        case greeting
        /// From the greeting on.
        case serving
        /// From the first accepted `configure` on.
        case configured
    }

    public enum Frequency: Hashable, Sendable {
        case once
        case oncePerProgram
        case oncePerMap
        case anyNumber
        /// One for each request.
        case asReply
        /// More in any one second are refused.
        case atMostPerSecond(Int)

        public var text: String {
            switch self {
            case .once: "once"
            case .oncePerProgram: "once per program"
            case .oncePerMap: "once per shared map"
            case .anyNumber: "any number"
            case .asReply: "one per request"
            case .atMostPerSecond(let count): "at most \(count) a second"
            }
        }
    }

    public let sender: Sender
    public let phase: Phase
    public let frequency: Frequency
    /// How many descriptors travel with it.
    public let descriptors: Int
}

extension MessageKind {
    /// Whether it is answered.
    public var isRequest: Bool { rawValue & 1 == 0 && rawValue < 0x0100 }

    public var isReply: Bool { rawValue & 1 == 1 }

    /// Whether it is said without a question and gets no answer.
    public var isUnsolicited: Bool { rawValue & 1 == 0 && rawValue >= 0x0100 }

    public var rule: MessageRule {
        switch self {
        case .declined: Self.rule(.anyHelper, .serving, .asReply)
        case .scan: Self.rule(.coordinator, .serving, .anyNumber)
        case .scanned: Self.rule(.processInspector, .serving, .asReply)
        case .describe: Self.rule(.coordinator, .serving, .anyNumber)
        case .described: Self.rule(.processInspector, .serving, .asReply)
        case .library: Self.rule(.coordinator, .serving, .anyNumber)
        case .libraryOpened: Self.rule(.processInspector, .serving, .asReply, descriptors: 1)
        case .configure: Self.rule(.coordinator, .serving, .atMostPerSecond(10))
        case .configured: Self.rule(.eventReader, .serving, .asReply)
        case .select: Self.rule(.coordinator, .configured, .anyNumber)
        case .selected: Self.rule(.eventReader, .configured, .asReply)
        case .count: Self.rule(.coordinator, .serving, .atMostPerSecond(100))
        case .counted: Self.rule(.eventReader, .serving, .asReply)
        case .attach: Self.rule(.coordinator, .serving, .atMostPerSecond(50), descriptors: 1)
        case .attached: Self.rule(.tlsAttacher, .serving, .asReply, descriptors: 2)
        case .hello: Self.rule(.anyHelper, .greeting, .once)
        case .log: Self.rule(.anyHelper, .any, .anyNumber)
        case .records: Self.rule(.eventReader, .serving, .anyNumber)
        case .maps: Self.rule(.eventReader, .serving, .once, descriptors: 4)
        case .link: Self.rule(.loader, .serving, .oncePerProgram, descriptors: 1)
        case .inherit: Self.rule(.coordinator, .starting, .once, descriptors: 4)
        case .share: Self.rule(.eventReader, .serving, .oncePerMap, descriptors: 1)
        case .lend: Self.rule(.coordinator, .starting, .oncePerMap, descriptors: 1)
        }
    }

    private static func rule(
        _ sender: MessageRule.Sender, _ phase: MessageRule.Phase, _ frequency: MessageRule.Frequency,
        descriptors: Int = 0
    ) -> MessageRule {
        MessageRule(sender: sender, phase: phase, frequency: frequency, descriptors: descriptors)
    }
}
