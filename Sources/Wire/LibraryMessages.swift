internal import LinuxSys

/// Asks the process-inspector for one of the files that a process has mapped as code and in which OpenSSL may be: its
/// executable, and libraries by the name of libssl.
public struct LibraryRequest: WireRequest, Hashable {
    public typealias Reply = LibraryReply
    public static let kind = MessageKind.library

    /// What is declined with if there are not so many; with anything else, this one cannot be had.
    public static let noMore = Errno.noData

    public let process: ProcessInstance
    /// Which of them, from 0, in the order of the kernel's list.
    public let index: UInt8

    public init(_ process: ProcessInstance, index: UInt8) {
        self.process = process
        self.index = index
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        process = ProcessInstance(pid: try reader.u32(), startTime: try reader.u64())
        index = try reader.u8()
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.u32(process.pid)
        try writer.u64(process.startTime)
        try writer.u8(index)
    }
}

/// One such file, as a descriptor that names it (`O_PATH`) and gives no right to its contents.
public struct LibraryReply: WireMessage, Hashable {
    public static let kind = MessageKind.libraryOpened

    /// Where the process has it, in its own mount namespace; at most 4 KiB.
    public let path: String
    /// How many more there are.
    public let left: UInt8

    public init(path: String, left: UInt8) {
        self.path = path
        self.left = left
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        path = try reader.string()
        left = try reader.u8()
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.string(path)
        try writer.u8(left)
    }
}
