internal import LinuxSys

/// Asks the tls-attacher to attach to OpenSSL in a file, for one process. With it comes the file, open for reading:
/// what is read is what is attached to.
public struct AttachRequest: WireRequest, Hashable {
    public typealias Reply = AttachReply
    public static let kind = MessageKind.attach

    /// What is declined with if the file does not hold OpenSSL.
    public static let noOpenSSL = Errno.noData

    /// By its number in the initial process namespace; never 0, which would mean every process.
    public let process: UInt32

    public init(process: UInt32) {
        self.process = process
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        process = try reader.u32()
        guard (1...UInt32(Int32.max)).contains(process) else { throw .badValue("process") }
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.u32(process)
    }
}

/// It is attached for as long as somebody holds both links, which come as descriptors: at the begins of functions, and
/// at their returns.
public struct AttachReply: WireMessage, Hashable {
    public static let kind = MessageKind.attached

    /// How many functions.
    public let functions: UInt8

    public init(functions: UInt8) {
        self.functions = functions
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        functions = try reader.u8()
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.u8(functions)
    }
}
