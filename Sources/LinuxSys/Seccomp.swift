internal import CLinux
internal import Glibc

/// A system call filter (seccomp_filter): what no rule allows ends the process.
public struct Seccomp: Sendable {
    /// One classic BPF instruction, laid out as `struct sock_filter`.
    public struct Instruction: Hashable, Sendable {
        public let code: UInt16
        public let jumpTrue: UInt8
        public let jumpFalse: UInt8
        public let operand: UInt32
    }

    public let instructions: [Instruction]

    /// AUDIT_ARCH_X86_64 or AUDIT_ARCH_AARCH64 (linux/audit.h): the machine, 64 bit, little-endian.
    public static let architecture: UInt32 = {
        #if arch(x86_64)
            0xC000_003E
        #elseif arch(arm64)
            0xC000_00B7
        #else
            #error("hilo runs on x86_64 and aarch64")
        #endif
    }()

    /// Calls of the x32 ABI carry this bit and the architecture of x86_64.
    public static let x32Bit: UInt32 = 0x4000_0000

    /// Builds the filter: another architecture, x32 and everything unnamed is SECCOMP_RET_KILL_PROCESS.
    ///
    /// - Returns: nil when the list makes more than 4096 instructions (BPF_MAXINSNS), when a rule has more tests than a
    ///   call has arguments, tests one past the sixth, or compares bits that its mask hides.
    public init?(allowing rules: [SyscallRule]) {
        for rule in rules {
            // Six tests are at most 37 instructions, so that every jump inside an alternative fits its byte.
            guard rule.tests.count <= 6 else { return nil }
            for test in rule.tests {
                guard (0...5).contains(test.index), test.value & ~test.mask == 0 else { return nil }
            }
        }
        var program: [Instruction] = [
            .load(Field.architecture),
            .jumpIfEqual(Seccomp.architecture, true: 1, false: 0),
            .finish(.killProcess),
            .load(Field.number),
        ]
        #if arch(x86_64)
            program += [.jumpIfSet(Seccomp.x32Bit, true: 0, false: 1), .finish(.killProcess)]
        #endif
        var seen: Set<Syscall> = []
        for rule in rules where seen.insert(rule.call).inserted {
            let body = Seccomp.body(for: rules.filter { $0.call == rule.call })
            // The distance of a conditional jump is one byte; an unconditional one carries any length.
            program += [
                .jumpIfEqual(rule.call.number, true: 1, false: 0), .jump(UInt32(body.count)),
            ]
            program += body
        }
        program.append(.finish(.killProcess))
        guard program.count <= 4096 else { return nil }
        instructions = program
    }

    /// The alternatives of one call, ending in a verdict in every case.
    private static func body(for rules: [SyscallRule]) -> [Instruction] {
        var body: [Instruction] = []
        for rule in rules {
            if rule.tests.isEmpty { return [.finish(.allow)] }
            var alternative: [Instruction] = [.finish(.allow)]
            // Built from the end, so that the distance to the next alternative is known at each test.
            for test in rule.tests.reversed() {
                alternative = halves(of: test, distance: alternative.count) + alternative
            }
            body += alternative
        }
        return body + [.finish(.killProcess)]
    }

    /// Both 32-bit halves of a test; each goes `distance` past the test when it fails.
    private static func halves(of test: ArgumentTest, distance: Int) -> [Instruction] {
        let offset = Field.arguments + UInt32(test.index) * 8
        var result: [Instruction] = []
        for (shift, fieldOffset) in [(UInt64(0), offset), (UInt64(32), offset + 4)] {
            let mask = UInt32(truncatingIfNeeded: test.mask >> shift)
            let value = UInt32(truncatingIfNeeded: test.value >> shift)
            if mask == 0 { continue }
            let skip = UInt8(clamping: distance + result.count)
            var half: [Instruction] = [.load(fieldOffset)]
            if mask != .max { half.append(.and(mask)) }
            half.append(.jumpIfEqual(value, true: 0, false: skip))
            result = half + result
        }
        return result
    }

    /// Installs the filter on this process. Needs no_new_privs (or CAP_SYS_ADMIN), and a process with one thread.
    public func install() throws(SysError) {
        let filters = instructions.map {
            sock_filter(code: $0.code, jt: $0.jumpTrue, jf: $0.jumpFalse, k: $0.operand)
        }
        guard hilo_seccomp_install(filters, UInt16(filters.count)) == 0 else {
            throw SysError("seccomp SECCOMP_SET_MODE_FILTER", code: errno)
        }
    }

    /// Offsets in `struct seccomp_data`, little-endian.
    enum Field {
        static let number: UInt32 = 0
        static let architecture: UInt32 = 4
        static let arguments: UInt32 = 16
    }
}

extension Seccomp.Instruction {
    enum Verdict: UInt32 {
        case allow = 0x7FFF_0000
        case killProcess = 0x8000_0000
    }

    static func load(_ offset: UInt32) -> Self { Self(code: 0x20, jumpTrue: 0, jumpFalse: 0, operand: offset) }
    static func and(_ mask: UInt32) -> Self { Self(code: 0x54, jumpTrue: 0, jumpFalse: 0, operand: mask) }
    static func jump(_ distance: UInt32) -> Self { Self(code: 0x05, jumpTrue: 0, jumpFalse: 0, operand: distance) }
    static func finish(_ verdict: Verdict) -> Self {
        Self(code: 0x06, jumpTrue: 0, jumpFalse: 0, operand: verdict.rawValue)
    }
    static func jumpIfEqual(_ value: UInt32, true yes: UInt8, false no: UInt8) -> Self {
        Self(code: 0x15, jumpTrue: yes, jumpFalse: no, operand: value)
    }
    static func jumpIfSet(_ bits: UInt32, true yes: UInt8, false no: UInt8) -> Self {
        Self(code: 0x45, jumpTrue: yes, jumpFalse: no, operand: bits)
    }
}
