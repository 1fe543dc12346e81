import Foundation
import LinuxSys
import Testing

/// Classic BPF as the kernel runs it on `struct seccomp_data` (Documentation/networking/filter.rst), for the
/// instructions that filters are made of. Anything else is a fault of the test.
struct ClassicBPF {
    var number: UInt32
    var architecture = Seccomp.architecture
    var arguments: [UInt64] = []

    static let allow: UInt32 = 0x7FFF_0000
    static let kill: UInt32 = 0x8000_0000

    private var data: [UInt8] {
        var bytes: [UInt8] = []
        func add(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
        add(number)
        add(architecture)
        add(UInt64(0x1234))  // instruction pointer
        for index in 0..<6 { add(index < arguments.count ? arguments[index] : 0) }
        return bytes
    }

    func run(_ program: Seccomp) -> UInt32? {
        let data = data
        var position = 0
        var accumulator: UInt32 = 0
        while position < program.instructions.count {
            let instruction = program.instructions[position]
            position += 1
            switch instruction.code {
            case 0x20:  // load a word
                let offset = Int(instruction.operand)
                guard offset % 4 == 0, offset + 4 <= data.count else { return nil }
                accumulator = data[offset..<(offset + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
            case 0x54: accumulator &= instruction.operand
            case 0x05: position += Int(instruction.operand)
            case 0x15:
                position += Int(accumulator == instruction.operand ? instruction.jumpTrue : instruction.jumpFalse)
            case 0x45:
                position += Int(accumulator & instruction.operand != 0 ? instruction.jumpTrue : instruction.jumpFalse)
            case 0x06: return instruction.operand
            default: return nil
            }
        }
        return nil
    }
}

@Suite struct SeccompTests {
    private static let rules: [SyscallRule] = [
        .allow(.read, because: "any"),
        .allow(.sendmsg, when: .int(0, equals: 3), because: "one int"),
        .allow(.bpf, when: .argument(0, equals: 1), .argument(2, equals: 0x1_0000_0002), because: "two arguments"),
        .allow(.bpf, when: .argument(0, equals: 2), because: "an alternative"),
        .allow(
            .mmap, when: .argument(2, masked: 0x4, equals: 0), .argument(3, masked: 0x22, equals: 0x20),
            because: "masks"),
        .allow(
            .openat, when: .argument(0, masked: 0x8000_0000_0000_0000, equals: 0x8000_0000_0000_0000),
            because: "high half"),
    ]

    private func verdict(_ call: Syscall, _ arguments: UInt64...) throws -> UInt32? {
        let program = try #require(Seccomp(allowing: Self.rules))
        return ClassicBPF(number: call.number, arguments: arguments).run(program)
    }

    @Test func allowed() throws {
        #expect(try verdict(.read, .max, .max, .max) == ClassicBPF.allow)
        #expect(try verdict(.sendmsg, 3) == ClassicBPF.allow)
        // The upper half of an int argument's register is no part of it.
        #expect(try verdict(.sendmsg, 0xDEAD_0000_0000_0003) == ClassicBPF.allow)
        #expect(try verdict(.bpf, 1, 9, 0x1_0000_0002) == ClassicBPF.allow)
        #expect(try verdict(.bpf, 2, 9, 9) == ClassicBPF.allow)
        #expect(try verdict(.mmap, 0, 0, 3, 0x20) == ClassicBPF.allow)
        #expect(try verdict(.openat, .max) == ClassicBPF.allow)
    }

    @Test func mutated() throws {
        #expect(try verdict(.write) == ClassicBPF.kill)
        #expect(try verdict(.sendmsg, 4) == ClassicBPF.kill)
        #expect(try verdict(.bpf, 0x1_0000_0001, 9, 0x1_0000_0002) == ClassicBPF.kill)
        #expect(try verdict(.bpf, 1, 9, 2) == ClassicBPF.kill)
        #expect(try verdict(.bpf, 1, 9, 0x1_0000_0003) == ClassicBPF.kill)
        #expect(try verdict(.bpf, 3, 9, 0x1_0000_0002) == ClassicBPF.kill)
        #expect(try verdict(.mmap, 0, 0, 7, 0x20) == ClassicBPF.kill)
        #expect(try verdict(.mmap, 0, 0, 3, 0x22) == ClassicBPF.kill)
        #expect(try verdict(.mmap, 0, 0, 3, 0) == ClassicBPF.kill)
        #expect(try verdict(.openat, 0x7FFF_FFFF_FFFF_FFFF) == ClassicBPF.kill)
    }

    @Test func otherArchitecturesAndX32() throws {
        let program = try #require(Seccomp(allowing: Self.rules))
        for architecture: UInt32 in [0x4000_0003, 0xC000_003E, 0xC000_00B7, 0]
        where architecture != Seccomp.architecture {
            #expect(ClassicBPF(number: Syscall.read.number, architecture: architecture).run(program) == ClassicBPF.kill)
        }
        let x32 = ClassicBPF(number: Syscall.read.number | Seccomp.x32Bit)
        #expect(x32.run(program) == ClassicBPF.kill)
    }

    @Test func everyCallThatIsNotNamed() throws {
        let program = try #require(Seccomp(allowing: Self.rules))
        let named = Set(Self.rules.map(\.call.number))
        for number in (0..<1024 as Range<UInt32>) where !named.contains(number) {
            #expect(ClassicBPF(number: number).run(program) == ClassicBPF.kill, "call \(number)")
        }
    }

    @Test func jumpsOverLongLists() throws {
        let many = (0..<200).map {
            SyscallRule.allow(.bpf, when: .argument(5, equals: UInt64($0) << 33), because: "one of many")
        }
        let program = try #require(Seccomp(allowing: many + [.allow(.write, because: "behind them")]))
        #expect(program.instructions.count > 1000)
        #expect(ClassicBPF(number: Syscall.write.number).run(program) == ClassicBPF.allow)
        #expect(
            ClassicBPF(number: Syscall.bpf.number, arguments: [0, 0, 0, 0, 0, 199 << 33]).run(program)
                == ClassicBPF.allow)
        #expect(
            ClassicBPF(number: Syscall.bpf.number, arguments: [0, 0, 0, 0, 0, 200 << 33]).run(program)
                == ClassicBPF.kill)
    }

    @Test func listsThatMakeNoFilter() {
        #expect(Seccomp(allowing: [.allow(.read, when: .argument(6, equals: 0), because: "no seventh")]) == nil)
        #expect(Seccomp(allowing: [.allow(.read, when: .argument(0, masked: 1, equals: 2), because: "never")]) == nil)
        let many = (0..<2000).map {
            SyscallRule.allow(.bpf, when: .argument(0, equals: UInt64($0)), because: "too many")
        }
        #expect(Seccomp(allowing: many) == nil)
        let tests = (0..<7).map { ArgumentTest.argument(0, masked: 1 << UInt64($0), equals: 0) }
        #expect(Seccomp(allowing: [SyscallRule(call: .read, tests: tests, reason: "more than arguments")]) == nil)
    }

    /// The kernel's own verdict, in a process of its own.
    @Test(arguments: [(39, nil), (110, SIGSYS), (0x4000_0000 | 39, SIGSYS)] as [(Int, Int32?)])
    func theKernelAgrees(number: Int, signal: Int32?) throws {
        #if arch(x86_64)
            guard FileManager.default.isExecutableFile(atPath: "/usr/bin/python3") else {
                print("skipped: no python3 to install a filter in")
                return
            }
            // getpid is allowed, getppid is not, and neither is getpid of the x32 ABI.
            let getpid = try #require(Self.call(number: 39))
            let program = try #require(
                Seccomp(allowing: [getpid, .allow(.exitGroup, because: "the end"), .allow(.brk, because: "malloc")]))
            let filter = program.instructions.map { "(\($0.code),\($0.jumpTrue),\($0.jumpFalse),\($0.operand))" }
            let script = """
                import ctypes, os, struct
                code = b"".join(struct.pack("<HBBI", *i) for i in [\(filter.joined(separator: ","))])
                libc = ctypes.CDLL(None)
                filter = ctypes.create_string_buffer(code)
                program = struct.pack("<HxxxxxxQ", len(code) // 8, ctypes.addressof(filter))
                call, leave = libc.syscall, libc._exit
                arguments = ctypes.c_long(\(number))
                libc.prctl(38, 1, 0, 0, 0)
                if libc.prctl(22, 2, program, 0, 0) != 0: os._exit(3)
                call(arguments)
                leave(0)
                """
            let process = Foundation.Process()
            process.executableURL = URL(filePath: "/usr/bin/python3")
            process.arguments = ["-c", script]
            try process.run()
            process.waitUntilExit()
            if let signal {
                #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == signal)
            } else {
                #expect(process.terminationReason == .exit && process.terminationStatus == 0)
            }
        #endif
    }

    /// getpid, which no list of hilo's names.
    private static func call(number: UInt32) -> SyscallRule? {
        .allow(Syscall(name: "getpid", number: number), because: "the probe")
    }
}
