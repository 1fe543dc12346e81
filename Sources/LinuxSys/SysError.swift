internal import CLinux

/// A system call that failed: what was tried, and the kernel's answer.
///
/// `operation` is a constant of the program ("openat", "recvmsg") and `subject` what it was applied to (a path inside
/// /proc, a capability), never bytes that another process chose.
public struct SysError: Error, Hashable, Sendable {
    public let operation: StaticString
    public let subject: String
    /// The kernel's error number (`EPERM` is 1).
    public let code: Int32

    public init(_ operation: StaticString, _ subject: String = "", code: Int32) {
        self.operation = operation
        self.subject = subject
        self.code = code
    }

    public static func == (left: SysError, right: SysError) -> Bool {
        left.code == right.code && left.subject == right.subject
            && left.operation.description == right.operation.description
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(subject)
        hasher.combine(operation.description)
    }

    /// The symbol of an error number: `EPERM`.
    public static func name(of code: Int32) -> String {
        String(cString: hilo_errno_name(code))
    }

    /// The C library's words for an error number: `Operation not permitted`.
    public static func text(of code: Int32) -> String {
        String(cString: hilo_errno_text(code))
    }
}

extension SysError: CustomStringConvertible {
    public var description: String {
        let tried = subject.isEmpty ? "\(operation)" : "\(operation) \(subject)"
        return "\(tried): \(SysError.text(of: code)) (\(SysError.name(of: code)))"
    }
}
