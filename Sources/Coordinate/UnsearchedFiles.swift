/// Files that are not searched for OpenSSL again: those that do not hold it, and those that did not answer. Who maps a
/// file can have it not answer, if it lies on a file system of its own; a library that all use is late, too, where the
/// host stands still for a while. So one process is no judge of a file. Pure.
public struct UnsearchedFiles<File: Hashable & Sendable>: Sendable {
    /// Of so many processes a file did not answer.
    private static var mostLate: Int { 3 }
    private let most: Int
    private var files: Set<File> = []
    private var late: [File: Set<UInt32>] = [:]

    /// - Parameter most: that are remembered, of either kind. With more, all of them are forgotten.
    public init(most: Int = 1024) {
        self.most = most
    }

    public func contains(_ file: File) -> Bool {
        files.contains(file)
    }

    /// It does not hold OpenSSL.
    public mutating func add(_ file: File) {
        if files.count >= most { files = [] }
        files.insert(file)
        late[file] = nil
    }

    /// It did not answer when it was searched for this process.
    public mutating func isLate(_ file: File, of pid: UInt32) {
        if late.count >= most { late = [:] }
        late[file, default: []].insert(pid)
        if late[file]?.count == UnsearchedFiles.mostLate { add(file) }
    }
}
