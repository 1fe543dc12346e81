internal import LinuxSys
public import Wire

/// Where the parts of hilo are, seen from its command: `bin/hilo`, `libexec/hilo/hilo-*`, `share/hilo`.
public struct Installation: Hashable, Sendable {
    /// The directory above `bin`.
    public let root: String

    /// - Parameter executable: absolute path of the `hilo` command.
    public init(executable: String) {
        root = Installation.parent(of: Installation.parent(of: executable))
    }

    /// The tree that this process runs from.
    public static func ofThisProcess() -> Installation {
        Installation(executable: OwnExecutable.path())
    }

    public func path(of manifest: HelperManifest) -> String {
        "\(prefix)/libexec/hilo/\(manifest.name)"
    }

    /// Sample services and the like.
    public func shared(_ name: String) -> String {
        "\(prefix)/share/hilo/\(name)"
    }

    /// Without the slash of the root directory, since one follows.
    private var prefix: String { root == "/" ? "" : root }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
