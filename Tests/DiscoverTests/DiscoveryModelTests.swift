import Discover
import Settings
import Testing
import Wire

/// Plays machines on which processes come and go at random while events and answers are late, and compares what is
/// traced in the end with what should be.
@Suite struct DiscoveryModelTests {
    private static let programs = [
        "/bin/sh", "/usr/bin/python3", "/usr/bin/node", "/srv/shop", "/bin/otelcol", "/srv/bad",
    ]
    private static let ports: [UInt16] = [80, 8080, 9090, 5000]

    private struct World {
        var machine: Machine
        var generator: SeededGenerator
        /// Reported by the kernel side, not yet read from the ring.
        var ring: [(ProcessHappening, UInt32, Bool)] = []
        /// Programs that a process, or one that it descends from, has run.
        var lineage: [UInt32: Set<String>] = [:]
        private var ancestors: [UInt32: Set<UInt32>] = [:]

        init(_ settings: DiscoverySettings, seed: UInt64) {
            generator = SeededGenerator(seed: seed)
            var limits = Discovery.Limits()
            limits.inFlight = Int.random(in: 1...4, using: &generator)
            machine = Machine(settings, own: [2], limits: limits)
            machine.add(1, "/sbin/init", parent: 0)
            machine.add(2, "/usr/bin/node")
            for _ in 0..<6 { spawn() }
        }

        private func free() -> UInt32? {
            // Few numbers, so that they are given away again soon; but not within the time that the ring takes.
            (3..<24).first { pid in
                machine.processes[pid] == nil && !ring.contains { $0.1 == pid || $0.0 == .fork(parent: pid) }
            }
        }

        private mutating func someone() -> UInt32? {
            machine.processes.keys.filter { $0 > 2 }.sorted().randomElement(using: &generator)
        }

        mutating func push(_ event: (ProcessHappening, UInt32, Bool)?) {
            if let event { ring.append(event) }
        }

        mutating func spawn() {
            guard let pid = free() else { return }
            // As a fork of a process that is not traced, which the kernel side does not report.
            let parent =
                machine.processes.keys.filter { !machine.selected.contains($0) }.sorted()
                .randomElement(using: &generator) ?? 1
            machine.add(pid, programs.randomElement(using: &generator) ?? "/bin/sh", parent: parent)
            inherit(pid, from: parent)
            push(machine.exec(pid, programs.randomElement(using: &generator) ?? "/bin/sh"))
        }

        private mutating func inherit(_ pid: UInt32, from parent: UInt32) {
            ancestors[pid] = ancestors[parent, default: []].union([parent])
            lineage[pid] = lineage[parent, default: []]
                .union([machine.processes[parent]?.description.executable ?? ""])
        }

        private mutating func exec(_ pid: UInt32) {
            let program = programs.randomElement(using: &generator) ?? ""
            lineage[pid]?.insert(machine.processes[pid]?.description.executable ?? "")
            for (descendant, itsAncestors) in ancestors where itsAncestors.contains(pid) {
                lineage[descendant]?.insert(program)
            }
            push(machine.exec(pid, program, keepingPorts: Bool.random(using: &generator)))
        }

        mutating func step() {
            switch Int.random(in: 0..<20, using: &generator) {
            case 0..<2: spawn()
            case 2..<4:
                guard let parent = someone(), let child = free() else { return }
                inherit(child, from: parent)
                push(machine.fork(parent, child))
            case 4..<6:
                guard let pid = someone() else { return }
                exec(pid)
            case 6..<8:
                guard let pid = someone() else { return }
                push(machine.listen(pid, DiscoveryModelTests.ports.randomElement(using: &generator) ?? 80))
            case 8..<10:
                guard let pid = someone() else { return }
                push(machine.exit(pid))
            case 10..<14: if !ring.isEmpty { machine.report(ring.removeFirst()) }
            case 14..<19:
                if !machine.open.isEmpty { machine.answer(Int.random(in: 0..<machine.open.count, using: &generator)) }
            default:
                machine.perform(Bool.random(using: &generator) ? machine.discovery.scan() : machine.discovery.tick())
            }
        }

        mutating func settle() {
            while !ring.isEmpty || !machine.open.isEmpty {
                if !ring.isEmpty { machine.report(ring.removeFirst()) }
                machine.settle()
            }
            lookAtRestless()
        }

        /// Those that changed again and again while they were asked about are quiet now.
        mutating func lookAtRestless() {
            machine.perform(machine.discovery.askAgain(includingUnanswered: true))
            machine.settle()
        }

        private var programs: [String] { DiscoveryModelTests.programs }
    }

    private static func settings() throws -> [DiscoverySettings] {
        let bad = Selector(exePath: try Glob("*/bad"))
        return [
            DiscoverySettings(
                instrument: [Selector(exePath: try Glob("*/{python3,shop}"))], excludeInstrument: [bad]),
            DiscoverySettings(
                instrument: [Selector(openPorts: try PortSet(parsing: "80,8080"))], excludeInstrument: [bad]),
            DiscoverySettings(
                instrument: [
                    Selector(openPorts: try PortSet(parsing: "5000"), exePath: try Glob("*/node")),
                    Selector(openPorts: try PortSet(parsing: "9090")), Selector(exePath: try Glob("/srv/*")),
                ], excludeInstrument: [bad]),
        ]
    }

    /// Whether a process is to be traced for what it is itself.
    private static func isWanted(_ process: ProcessDescription, _ settings: DiscoverySettings) -> Bool {
        settings.instrument.contains { selector in
            selector.openPorts.map { ports in process.listeningPorts.contains(where: ports.contains) } ?? true
                && selector.exePath?.matches(process.executable) ?? true
        }
    }

    @Test(arguments: 0..<3)
    func agreesWithTheModel(index: Int) throws {
        let settings = try Self.settings()[index]
        for seed in 0..<400 {
            var world = World(settings, seed: UInt64(seed) &+ UInt64(index) << 32)
            world.machine.perform(world.machine.discovery.scan())
            for _ in 0..<Int.random(in: 20...200, using: &world.generator) { world.step() }
            world.settle()
            check(world, settings, "seed \(seed)")

            // Whoever missed something finds it by looking at everything again.
            for _ in 0..<20 { world.step() }
            world.ring = []
            world.machine.start()
            for pid in world.machine.selected.sorted() {
                world.machine.perform(world.machine.discovery.captured(of: pid))
            }
            world.machine.settle()
            world.lookAtRestless()
            check(world, settings, "seed \(seed), after a loss")
        }
    }

    private func check(_ world: World, _ settings: DiscoverySettings, _ comment: Comment) {
        let machine = world.machine
        for (pid, process) in machine.processes {
            let process = process.description
            let isExcluded = pid == 2 || ["/bin/otelcol", "/srv/bad"].contains(process.executable)
            let isTraced = machine.selected.contains(pid)
            if isExcluded {
                #expect(!isTraced, "\(comment): \(pid) \(process.executable)")
            } else if Self.isWanted(process, settings) {
                #expect(isTraced, "\(comment): \(pid) \(process.executable) \(process.listeningPorts)")
            } else if isTraced {
                // A worker: it runs what it ran before, or what somebody ran from whom it descends.
                #expect(
                    world.lineage[pid, default: []].contains(process.executable),
                    "\(comment): \(pid) \(process.executable)")
            }
            #expect((machine.resources[pid] != nil) == isTraced, "\(comment): \(pid)")
        }
        #expect(machine.selected.isSubset(of: machine.processes.keys), "\(comment)")
        #expect(Set(machine.resources.keys) == machine.selected, "\(comment)")
        #expect(machine.discovery.countOfTraced == machine.selected.count, "\(comment)")
        #expect(machine.discovery.countOfUnanswered == 0, "\(comment)")
        #expect(machine.discovery.hasLooked, "\(comment)")
    }
}
