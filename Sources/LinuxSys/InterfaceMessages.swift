/// What the kernel says of network interfaces (rtnetlink(7)): numbers only, from bytes of any kind.
public enum InterfaceMessages {
    public enum Message: Hashable, Sendable {
        /// It is there, and perhaps was before. `leadsElsewhere`: to an interface of another network namespace.
        case present(UInt32, leadsElsewhere: Bool)
        case gone(UInt32)
        /// All that were asked for were named.
        case listed
        /// The kernel's error number for what was asked; positive.
        case refused(Int32)
    }

    /// Of linux/netlink.h and linux/rtnetlink.h.
    private enum Kind {
        static let error: UInt16 = 2
        static let done: UInt16 = 3
        static let newLink: UInt16 = 16
        static let deleteLink: UInt16 = 17
    }

    /// `struct ifinfomsg`: family u8, padding u8, type u16, index i32, flags u32, change u32.
    private static let interface = 16
    /// `IFLA_LINK_NETNSID` of linux/if_link.h: the number of the network namespace that its other end is in.
    private static let network: UInt16 = 37

    /// The messages of one datagram; what does not fit into it, and what is of another kind, is passed over.
    public static func parse(_ bytes: UnsafeRawBufferPointer) -> [Message] {
        var found: [Message] = []
        RouteMessage.each(in: bytes) { if let message = message($0) { found.append(message) } }
        return found
    }

    private static func message(_ message: RouteMessage) -> Message? {
        let payload = message.payload
        switch message.kind {
        case Kind.done: return .listed
        case Kind.error:
            guard payload.count >= 4 else { return nil }
            let code = payload.loadUnaligned(as: Int32.self)
            return code < 0 && code > .min ? .refused(-code) : nil
        case Kind.newLink, Kind.deleteLink:
            // Bridges speak of their ports in messages of their own family.
            guard payload.count >= interface, payload[0] == 0 else { return nil }
            let index = payload.loadUnaligned(fromByteOffset: 4, as: Int32.self)
            guard index > 0 else { return nil }
            guard message.kind == Kind.newLink else { return .gone(UInt32(index)) }
            return .present(UInt32(index), leadsElsewhere: message.number(network, from: interface) != nil)
        default: return nil
        }
    }
}
