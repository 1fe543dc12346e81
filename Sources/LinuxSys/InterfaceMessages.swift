/// What the kernel says of network interfaces (rtnetlink(7)): numbers only, from bytes of any kind.
public enum InterfaceMessages {
    public enum Message: Hashable, Sendable {
        /// It is there, and perhaps was before.
        case present(UInt32)
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

    /// `struct nlmsghdr`: length u32, kind u16, flags u16, sequence u32, sender u32.
    private static let header = 16
    /// `struct ifinfomsg`: family u8, padding u8, type u16, index i32, flags u32, change u32.
    private static let interface = 16

    /// The messages of one datagram; what does not fit into it, and what is of another kind, is passed over.
    public static func parse(_ bytes: UnsafeRawBufferPointer) -> [Message] {
        var found: [Message] = []
        var at = 0
        while bytes.count - at >= header {
            let length = Int(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            guard length >= header, length <= bytes.count - at else { break }
            let kind = bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt16.self)
            if let message = message(kind, UnsafeRawBufferPointer(rebasing: bytes[(at + header)..<(at + length)])) {
                found.append(message)
            }
            at += (length + 3) & ~3
        }
        return found
    }

    private static func message(_ kind: UInt16, _ payload: UnsafeRawBufferPointer) -> Message? {
        switch kind {
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
            return kind == Kind.newLink ? .present(UInt32(index)) : .gone(UInt32(index))
        default: return nil
        }
    }
}
