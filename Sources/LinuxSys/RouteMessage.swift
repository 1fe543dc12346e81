/// One message of rtnetlink(7), from bytes of any kind.
struct RouteMessage {
    let kind: UInt16
    let sequence: UInt32
    let payload: UnsafeRawBufferPointer

    /// `struct nlmsghdr`: length u32, kind u16, flags u16, sequence u32, sender u32.
    private static let header = 16
    /// `struct rtattr`: length u16, kind u16.
    private static let attributeHeader = 4
    /// Flags beside an attribute's kind.
    private static let kindMask: UInt16 = 0x3FFF

    /// The messages of one datagram; what does not fit into it is passed over.
    static func each(in bytes: UnsafeRawBufferPointer, _ body: (RouteMessage) -> Void) {
        var at = 0
        while bytes.count - at >= header {
            let length = Int(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            guard length >= header, length <= bytes.count - at else { return }
            body(
                RouteMessage(
                    kind: bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt16.self),
                    sequence: bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt32.self),
                    payload: UnsafeRawBufferPointer(rebasing: bytes[(at + header)..<(at + length)])))
            at += (length + 3) & ~3
        }
    }

    /// The first attribute of a kind that is a number of 32 bits, among those from an offset on.
    func number(_ kind: UInt16, from offset: Int) -> Int32? {
        var at = offset
        while payload.count - at >= RouteMessage.attributeHeader {
            let length = Int(payload.loadUnaligned(fromByteOffset: at, as: UInt16.self))
            guard length >= RouteMessage.attributeHeader, length <= payload.count - at else { return nil }
            let found = payload.loadUnaligned(fromByteOffset: at + 2, as: UInt16.self) & RouteMessage.kindMask
            if found == kind, length == RouteMessage.attributeHeader + 4 {
                return payload.loadUnaligned(fromByteOffset: at + RouteMessage.attributeHeader, as: Int32.self)
            }
            at += (length + 3) & ~3
        }
        return nil
    }
}
