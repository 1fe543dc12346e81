import HelperKit
import LinuxSys
import Testing

@Suite struct SyscallListTests {
    @Test func everyLineIsAloneAndHasItsReason() {
        let rules = Syscalls.ofEveryHelper
        #expect(Set(rules.map { [$0.call.name] + $0.tests.map { "\($0)" } }).count == rules.count)
        for rule in rules { #expect(!rule.reason.isEmpty) }
        #expect(Seccomp(allowing: rules) != nil)
    }

    @Test func nothingThatReachesFurther() {
        let names = Set(Syscalls.ofEveryHelper.map(\.call))
        for call: Syscall in [.execve, .socket, .connect, .ptrace, .openat, .bpf] {
            #expect(!names.contains(call), "\(call.name)")
        }
    }
}
