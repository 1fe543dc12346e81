public import LinuxSys
public import Wire

/// What a helper's file would give it beyond its manifest. A helper that gets it leaves; whether it does depends on who
/// starts hilo, whose bounding set may hide it.
public struct FileSurplus: Hashable, Sendable {
    /// A sentence without its end.
    public let cause: String
    public let remedy: String

    /// - Parameters:
    ///   - file: nil for a file without capabilities.
    ///   - path: of the file.
    /// - Returns: nil when there is none.
    public init?(of file: FileCapabilities?, beyond manifest: HelperManifest, at path: String) {
        guard let file else { return nil }
        let allowed = manifest.loading.union(manifest.optional)
        let surplus = file.permitted.union(file.inheritable).subtracting(allowed)
        if !surplus.isEmpty {
            cause = "\(path) may gain \(surplus), which is more than \(manifest.name) may have"
        } else if file.isEffective {
            cause = "the capabilities of \(path) are in effect from its first instruction on (=ep)"
        } else if !file.inheritable.isEmpty {
            cause = "\(path) also takes capabilities over from whoever starts it (=i)"
        } else {
            return nil
        }
        remedy = "as root, setcap \(manifest.fileCapabilities) \(path)"
    }
}
