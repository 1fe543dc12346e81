/// What the kernel answers to which number it has for a network namespace (rtnetlink(7)), from bytes of any kind.
public enum NetworkNumberMessage {
    /// `RTM_NEWNSID` of linux/rtnetlink.h, `NETNSA_NSID` of linux/net_namespace.h.
    private static let kind: UInt16 = 88
    private static let number: UInt16 = 1
    /// `NLMSG_ERROR` of linux/netlink.h: the kernel's error number, negative, and what was asked.
    private static let error: UInt16 = 2
    /// `struct rtgenmsg`, padded.
    private static let header = 4

    public enum Answer: Hashable, Sendable {
        case number(Int32)
        /// It has none, or there is no such process.
        case none
        /// The kernel could not answer, for want of memory say.
        case failed
    }

    /// - Parameter sequence: of the question.
    /// - Returns: nil where this is no answer to that question.
    public static func parse(_ bytes: UnsafeRawBufferPointer, to sequence: UInt32) -> Answer? {
        var found: Answer?
        RouteMessage.each(in: bytes) { message in
            guard message.sequence == sequence else { return }
            found = answer(message)
        }
        return found
    }

    private static func answer(_ message: RouteMessage) -> Answer {
        if message.kind == kind {
            guard let found = message.number(number, from: header), found >= 0 else { return .none }
            return .number(found)
        }
        guard message.kind == error, message.payload.count >= 4 else { return .failed }
        return message.payload.loadUnaligned(as: Int32.self) == -Errno.noProcess ? .none : .failed
    }
}
