internal import Glibc

/// The first three numbers of a kernel's release, as uname(2) says it.
public struct KernelRelease: Hashable, Sendable, Comparable {
    public let major: Int
    public let minor: Int
    public let patch: Int

    public init(_ major: Int, _ minor: Int, _ patch: Int = 0) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// - Parameter text: `6.12.14-amd64`, say; what is missing or no number is 0.
    public init(_ text: String) {
        var numbers: [Int] = []
        for part in text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false) {
            numbers.append(Int(part.prefix { $0.isASCII && $0.isNumber }) ?? 0)
        }
        numbers += [0, 0, 0]
        self.init(numbers[0], numbers[1], numbers[2])
    }

    public static func ofThisHost() -> KernelRelease {
        var names = utsname()
        guard uname(&names) == 0 else { return KernelRelease(0, 0) }
        return withUnsafeBytes(of: names.release) { bytes in
            KernelRelease(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
        }
    }

    public static func < (left: KernelRelease, right: KernelRelease) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    /// Whether a process under seccomp is ended at the return of a function that a program is attached to: from 6.11 on
    /// such a return is a system call, uretprobe, which no filter knows; 6.12.14, 6.13.3 and 6.14 let it pass.
    public var endsFilteredProcessesAtReturns: Bool {
        switch (major, minor) {
        case (6, 11): true
        case (6, 12): patch < 14
        case (6, 13): patch < 3
        default: false
        }
    }
    /// Whether the kernel goes on using memory that it has freed where a link to several functions cannot be handed out
    /// (`RLIMIT_NOFILE`, which any process of the same user can lower): CVE-2024-47675, from 6.6 on, the first release
    /// with such links; 6.6.54, 6.10.13 and 6.11.2 do not. What a distribution has mended under an older number cannot
    /// be told.
    public var keepsFreedProbes: Bool {
        switch (major, minor) {
        case (6, 6): patch < 54
        case (6, 7), (6, 8), (6, 9): true
        case (6, 10): patch < 13
        case (6, 11): patch < 2
        default: false
        }
    }
}
