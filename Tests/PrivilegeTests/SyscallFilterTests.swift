import CProbe
import Glibc
import LinuxSys
import Testing
import Wire

/// Every line of the helpers' lists of system calls, tried: generated from the lists, so that a new line is tried
/// without a word here. Each call is made in a process of its own under the filter, and the kernel gives the verdict.
@Suite struct SyscallFilterTests {
    /// A call that fulfils the rule, and the same with each bit of each argument that it looks at turned, and with a
    /// few other values. What may live is decided by the rules, not by the filter.
    private static func trials(of rule: SyscallRule, among rules: [SyscallRule]) -> [(call: Call, mayLive: Bool)] {
        let sound = Call(fulfilling: rule)
        var calls = [sound]
        for index in Set(rule.tests.map(\.index)).sorted() {
            let value = sound.arguments[index]
            calls += (0..<64).map { sound.with(value ^ (1 << $0), at: index) }
            calls += [0, 1, .max, value | 0xFFFF_FFFF_0000_0000, ~value].map { sound.with($0, at: index) }
        }
        return calls.map { call in (call, rules.contains { call.fulfils($0) }) }
    }

    /// Trials whose verdict is not the one of the rules.
    private static func contradictions(
        _ rule: SyscallRule, among rules: [SyscallRule], under filter: Filter
    ) -> (tried: Int, wrong: [String]) {
        let trials = trials(of: rule, among: rules)
        let wrong = trials.compactMap { call, mayLive -> String? in
            let verdict = call.verdict(under: filter)
            return verdict == (mayLive ? .allowed : .killed) ? nil : "\(rule.text): \(call) was \(verdict)"
        }
        return (trials.count, wrong)
    }

    @Test(arguments: ConfinedHelper.allCases)
    func whatARuleAllowsLivesAndEveryMutationOfItIsKilled(helper: ConfinedHelper) throws {
        let filter = try #require(Filter(allowing: helper.rules))
        var tried = 0
        for rule in helper.rules {
            let found = Self.contradictions(rule, among: helper.rules, under: filter)
            #expect(found.wrong.isEmpty, "\(found.wrong.prefix(5))")
            tried += found.tried
            for test in rule.tests {
                // Else the trials would not show that this test is looked at.
                #expect(
                    Self.trials(of: rule, among: helper.rules).contains { call, mayLive in
                        !mayLive && call.arguments[test.index] & test.mask != test.value
                    }, "\(rule.text)")
            }
        }
        print("\(helper.rawValue): \(helper.rules.count) rules, tried by \(tried) calls")
    }

    /// What the test above would say of a filter that forgets one test of one rule.
    @Test(arguments: ConfinedHelper.allCases)
    func aFilterThatForgetsATestIsNoticed(helper: ConfinedHelper) throws {
        for (position, rule) in helper.rules.enumerated() {
            for forgotten in rule.tests.indices {
                var tests = rule.tests
                tests.remove(at: forgotten)
                var looser = helper.rules
                looser[position] = SyscallRule(call: rule.call, tests: tests, reason: rule.reason)
                let filter = try #require(Filter(allowing: looser))
                #expect(!Self.contradictions(rule, among: helper.rules, under: filter).wrong.isEmpty, "\(rule.text)")
            }
        }
    }

    /// uretprobe and uprobe of x86-64, about which the kernel asks no filter (`seccomp_uprobe_exception`, since 6.14).
    /// They do something in the kernel's own trampolines only.
    private static let unfiltered: Set<UInt32> = [335, 336]

    @Test(arguments: ConfinedHelper.allCases)
    func whatNoRuleNamesIsKilled(helper: ConfinedHelper) throws {
        let filter = try #require(Filter(allowing: helper.rules))
        let named = Set(helper.rules.map(\.call.number)).union(Self.unfiltered)
        for number in 0...511 as ClosedRange<UInt32> where !named.contains(number) {
            let verdict = Call(number: number).verdict(under: filter)
            #expect(verdict == .killed, "call \(number)")
        }
    }

    @Test(arguments: ConfinedHelper.allCases)
    func otherWaysIntoTheKernelAreKilled(helper: ConfinedHelper) throws {
        #if arch(x86_64)
            let filter = try #require(Filter(allowing: helper.rules))
            // getpid of a 32-bit program, in a process without a filter.
            let hasInterrupt = Call(number: 20).verdict(under: .none, byInterrupt: true) == .allowed
            if !hasInterrupt { print("skipped: this kernel has no system calls of 32-bit programs") }
            for rule in helper.rules {
                var call = Call(fulfilling: rule)
                if hasInterrupt {
                    #expect(call.verdict(under: filter, byInterrupt: true) == .killed, "int 0x80, \(call)")
                }
                call.number |= Seccomp.x32Bit
                #expect(call.verdict(under: filter) == .killed, "x32, \(call)")
            }
        #endif
    }

    /// What a helper that opens files must not do, in words: the list above would follow a rule that allows too much.
    @Test func theInspectorOpensForReadingOnly() throws {
        let filter = try #require(Filter(allowing: ConfinedHelper.processInspector.rules))
        func open(_ directory: Int32, _ flags: Int32) -> Call.Verdict {
            // No address: what the filter lets through finds no path.
            Call(
                number: Syscall.openat.number,
                arguments: [UInt64(UInt32(bitPattern: directory)), .max, UInt64(UInt32(bitPattern: flags)), 0, 0, 0]
            ).verdict(under: filter)
        }
        for flags in [O_NOFOLLOW, O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC, O_NOFOLLOW | O_NONBLOCK | O_NOCTTY] {
            #expect(open(4, flags) == .allowed)
        }
        for writing in [O_WRONLY, O_RDWR, O_WRONLY | O_RDWR, O_CREAT, O_TRUNC, O_APPEND, O_CREAT | O_EXCL] {
            #expect(open(4, O_NOFOLLOW | writing) == .killed, "flags \(writing)")
        }
        let temporary: Int32 = 0o20_200_000  // O_TMPFILE, which needs a mode that writes
        #expect(open(4, O_NOFOLLOW | temporary | O_RDWR) == .killed)
        #expect(open(4, O_RDONLY) == .killed, "a final link would be followed")
        #expect(open(AT_FDCWD, O_NOFOLLOW) == .killed, "relative to the working directory")
    }

    @Test(arguments: ConfinedHelper.allCases)
    func descriptorsAreThoseOfTheProtocol(helper: ConfinedHelper) throws {
        let filter = try #require(Filter(allowing: helper.rules))
        func verdict(_ call: Syscall, on descriptor: UInt64) -> Call.Verdict {
            Call(number: call.number).with(descriptor, at: 0).verdict(under: filter)
        }
        for other in [0, 1, 2, 4, 5, 0xFFFF_FFFF] as [UInt64] {
            #expect(verdict(.sendmsg, on: other) == .killed && verdict(.recvmsg, on: other) == .killed)
        }
        for other in [0, 1, 3, 4, 0xFFFF_FFFF] as [UInt64] { #expect(verdict(.write, on: other) == .killed) }
        #expect(verdict(.sendmsg, on: 3) == .allowed && verdict(.recvmsg, on: 3) == .allowed)
        #expect(verdict(.write, on: 2) == .allowed)
    }
}

/// The helpers themselves.
@Suite(.enabled(if: Privileged.isPossible)) struct InstalledFilterTests {
    @Test(arguments: ConfinedHelper.alone)
    func whatIsInForceIsTheList(helper: ConfinedHelper) throws {
        try ServingHelper.with(helper) { (serving) throws in
            var room = [sock_filter](repeating: sock_filter(), count: 4096)
            let count = Int(probe_installed_filter(serving.process.pid, &room, Int32(room.count)))
            if count == -EACCES || count == -EIO {
                print("skipped: this kernel does not show the filter of a process")
                return
            }
            try #require(count > 0, "\(count)")
            let found = room[..<count].map { [UInt32($0.code), UInt32($0.jt), UInt32($0.jf), $0.k] }
            let wanted = try #require(Seccomp(allowing: helper.rules)).instructions.map {
                [UInt32($0.code), UInt32($0.jumpTrue), UInt32($0.jumpFalse), $0.operand]
            }
            #expect(found == wanted)
        }
    }

    /// Lines that no part of the workload needs, and why they stay.
    private static let argued: [Syscall: String] = [
        .clockGettime: "the vDSO answers, unless the machine's clock is none that user space can read"
    ]

    /// Everything that helpers are ever asked, and both ways in which they leave; then each rule is taken out of the
    /// filter, and one of the calls that were seen has to die of it. What is in every helper's list has to be needed by
    /// one of them.
    @Test func everyRuleIsNeeded() throws {
        var needed: Set<SyscallRule> = []
        for helper in ConfinedHelper.alone {
            let calls = try Workload.calls(of: helper)
            for call in calls {
                #expect(helper.rules.contains { call.fulfils($0) }, "\(call) was let through")
            }
            let found = try helper.rules.filter { try Self.isNeeded($0, among: helper.rules, by: calls) }
            needed.formUnion(found)
            let idle = helper.rules.filter { !found.contains($0) }.map(\.text)
            print("\(helper.rawValue): \(calls.count) different calls need all rules but \(idle)")
            // What the search says of a rule that is too much.
            let surplus = SyscallRule.allow(.socket, because: "nothing")
            #expect(try !Self.isNeeded(surplus, among: helper.rules + [surplus], by: calls))
        }
        let all = ConfinedHelper.alone.flatMap(\.rules)
        for rule in all where !needed.contains(rule) {
            #expect(Self.argued[rule.call] != nil, "nothing needs \(rule.text)")
        }
        for call in Self.argued.keys { #expect(all.contains { $0.call == call }, "\(call.name)") }
    }

    private static func isNeeded(
        _ rule: SyscallRule, among rules: [SyscallRule], by calls: Set<Call>
    ) throws -> Bool {
        let rest = try #require(Filter(allowing: rules.filter { $0 != rule }))
        return calls.lazy.filter { $0.fulfils(rule) }.prefix(8).contains { $0.verdict(under: rest) == .killed }
    }
}
