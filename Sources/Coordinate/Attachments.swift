public import LinuxSys

/// What keeps programs attached, by process and file. Pure.
///
/// A file is known by its inode alone: the kernel attaches to that, and a file that is attached to twice would run the
/// programs twice.
public struct Attachments<Link> {
    public enum Room: Hashable, Sendable {
        case free
        /// It is attached to.
        case taken
        /// The process has as many files as one may have.
        case fullOfProcess
        case full
    }

    private let most: Int
    private let mostOfProcess: Int
    private var links: [UInt32: [FileStatus.Identity: [Link]]] = [:]
    /// Files, each as often as processes have it.
    public private(set) var count = 0

    /// - Parameters:
    ///   - most: files of all processes together.
    ///   - mostOfProcess: a process has one or two with OpenSSL in them; one with more holds others up.
    public init(most: Int, mostOfProcess: Int = 8) {
        self.most = most
        self.mostOfProcess = mostOfProcess
    }

    public func room(for file: FileStatus.Identity, of pid: UInt32) -> Room {
        let files = links[pid] ?? [:]
        if files[file] != nil { return .taken }
        if files.count >= mostOfProcess { return .fullOfProcess }
        return count < most ? .free : .full
    }

    public mutating func add(_ new: [Link], to file: FileStatus.Identity, of pid: UInt32) {
        if links[pid, default: [:]].updateValue(new, forKey: file) == nil { count += 1 }
    }

    /// - Returns: what kept programs attached there.
    public mutating func remove(_ pid: UInt32) -> [Link] {
        guard let files = links.removeValue(forKey: pid) else { return [] }
        count -= files.count
        return files.values.flatMap { $0 }
    }

    public mutating func removeAll() -> [Link] {
        defer { (links, count) = ([:], 0) }
        return links.values.flatMap { $0.values.flatMap { $0 } }
    }
}

/// How many files can be attached to.
public enum AttachmentLimit {
    private static let most: UInt64 = 1000
    /// One link for the begins of functions, one for their returns.
    private static let descriptorsPerFile: UInt64 = 2

    /// - Parameters:
    ///   - descriptors: how many may be open at once.
    ///   - needed: of them, for all else.
    public static func files(descriptors: UInt64, needed: UInt64) -> Int {
        guard descriptors > needed else { return 0 }
        return Int(min(most, (descriptors - needed) / descriptorsPerFile))
    }
}
