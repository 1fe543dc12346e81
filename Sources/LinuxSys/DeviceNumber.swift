/// A device, as the text of /proc has it: two numbers.
public struct DeviceNumber: Hashable, Sendable {
    public let major: UInt32
    public let minor: UInt32

    /// - Parameter device: as stat(2) says it: glibc's gnu_dev_major and gnu_dev_minor (bits/sysmacros.h), which are
    ///   macros.
    public init(_ device: UInt64) {
        major = UInt32(truncatingIfNeeded: (device >> 8 & 0xfff) | (device >> 32 & ~0xfff))
        minor = UInt32(truncatingIfNeeded: (device & 0xff) | (device >> 12 & ~0xff))
    }

    /// Nil unless both are hexadecimal.
    public init?(major: some StringProtocol, minor: some StringProtocol) {
        guard let major = UInt32(major, radix: 16), let minor = UInt32(minor, radix: 16) else { return nil }
        self.major = major
        self.minor = minor
    }

    /// Two numbers in hexadecimal with a colon between them: `08:01`.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        self.init(major: parts[0], minor: parts[1])
    }

    /// Whether files on the two cannot be the same one.
    ///
    /// Only of disks that is certain. A file system without a disk of its own (btrfs, overlayfs, NFS, FUSE: major 0)
    /// may have one number in stat(2) and another one in /proc/PID/maps, or the one of the disk below there.
    public func isCertainlyOther(than other: DeviceNumber) -> Bool {
        major != 0 && other.major != 0 && self != other
    }
}
