import CProbe
import HelperKit
import LinuxSys
import Testing
import Wire

// What the lists of system calls in Lists extend. The files there are links to those that the helpers are built from.
enum ProcessInspector {}
enum EventReader {}
enum TCAttacher {}
enum TLSAttacher {}

/// A helper, by its list of system calls.
enum ConfinedHelper: String, CaseIterable, CustomTestStringConvertible {
    case processInspector = "process-inspector"
    case eventReader = "event-reader"
    case tcAttacher = "tc-attacher"
    case tlsAttacher = "tls-attacher"

    /// Those that can be started beside nothing but the test: the attachers work on what an event-reader has loaded.
    static let alone: [ConfinedHelper] = [.processInspector, .eventReader]

    var rules: [SyscallRule] {
        switch self {
        case .processInspector: Syscalls.ofEveryHelper + ProcessInspector.syscalls
        case .eventReader: Syscalls.ofEveryHelper + EventReader.syscalls
        case .tcAttacher: Syscalls.ofEveryHelper + TCAttacher.syscalls
        case .tlsAttacher: Syscalls.ofEveryHelper + TLSAttacher.syscalls
        }
    }

    var testDescription: String { rawValue }
}

/// One system call, all six arguments given.
struct Call: Hashable {
    var number: UInt32
    var arguments: [UInt64]

    /// One that fulfils a rule and does nothing: what no test looks at is an address, a size and a descriptor that
    /// nobody has.
    init(fulfilling rule: SyscallRule) {
        number = rule.call.number
        arguments = Array(repeating: .max, count: 6)
        for index in Set(rule.tests.map(\.index)) { arguments[index] = 0 }
        for test in rule.tests { arguments[test.index] |= test.value }
    }

    init(number: UInt32, arguments: [UInt64] = Array(repeating: .max, count: 6)) {
        self.number = number
        self.arguments = arguments
    }

    func with(_ value: UInt64, at index: Int) -> Call {
        var changed = self
        changed.arguments[index] = value
        return changed
    }

    func fulfils(_ rule: SyscallRule) -> Bool {
        rule.call.number == number && rule.tests.allSatisfy { arguments[$0.index] & $0.mask == $0.value }
    }

    /// What the kernel makes of it.
    enum Verdict: Equatable {
        case allowed
        /// The filter ended the process (SIGSYS).
        case killed
        case failed(String)
    }

    func verdict(under filter: Filter, byInterrupt: Bool = false) -> Verdict {
        let status = filter.instructions.withUnsafeBufferPointer {
            probe_call($0.baseAddress, UInt16($0.count), number, arguments, byInterrupt ? 1 : 0)
        }
        if status < 0 { return .failed("no child, or none without privileges") }
        return switch probe_signal(status) {
        case 0: .allowed
        case 31: .killed
        case let signal: .failed("signal \(signal)")
        }
    }
}

extension Call: CustomStringConvertible {
    var description: String {
        "\(number)(\(arguments.map { "0x" + String($0, radix: 16) }.joined(separator: ", ")))"
    }
}

/// A filter as the kernel takes it.
struct Filter {
    let instructions: [sock_filter]

    static let none = Filter(instructions: [])

    private init(instructions: [sock_filter]) {
        self.instructions = instructions
    }

    init?(allowing rules: [SyscallRule]) {
        guard let seccomp = Seccomp(allowing: rules) else { return nil }
        instructions = seccomp.instructions.map {
            sock_filter(code: $0.code, jt: $0.jumpTrue, jf: $0.jumpFalse, k: $0.operand)
        }
    }
}

extension SyscallRule {
    var text: String {
        let conditions = tests.map { "\($0.index)&\(String($0.mask, radix: 16))=\(String($0.value, radix: 16))" }
        return ([call.name] + conditions).joined(separator: " ")
    }
}
