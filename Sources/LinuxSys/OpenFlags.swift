internal import Glibc

/// Bits of the flags argument of openat(2), for tests on it; some differ between architectures.
public enum OpenFlags {
    /// The bits of an open that writes, creates, truncates or appends.
    public static let writing = UInt64(
        UInt32(bitPattern: O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND))
    /// The last component is not followed when it is a symbolic link.
    public static let noFollow = UInt64(UInt32(bitPattern: O_NOFOLLOW))
}
