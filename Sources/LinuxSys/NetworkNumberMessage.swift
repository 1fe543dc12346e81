/// What the kernel answers to which number it has for a network namespace (rtnetlink(7)), from bytes of any kind.
public enum NetworkNumberMessage {
    /// `RTM_NEWNSID` of linux/rtnetlink.h, `NETNSA_NSID` of linux/net_namespace.h.
    private static let kind: UInt16 = 88
    private static let number: UInt16 = 1
    /// `struct rtgenmsg`, padded.
    private static let header = 4

    /// - Parameter sequence: of the question.
    /// - Returns: below 0 where it has none, or there is no such process; nil where this is no answer to that question.
    public static func parse(_ bytes: UnsafeRawBufferPointer, to sequence: UInt32) -> Int32? {
        var found: Int32?
        RouteMessage.each(in: bytes) { message in
            guard message.sequence == sequence else { return }
            found = message.kind == kind ? message.number(number, from: header) ?? -1 : -1
        }
        return found
    }
}
