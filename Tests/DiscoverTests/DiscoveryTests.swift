import Discover
import Settings
import Testing
import Wire

@Suite struct DiscoveryTests {
    static func ports(_ text: String, name: String? = nil) throws -> Selector {
        Selector(openPorts: try PortSet(parsing: text), name: name)
    }

    static func executable(_ glob: String, name: String? = nil) throws -> Selector {
        Selector(exePath: try Glob(glob), name: name)
    }

    @Test func choosesWhatIsThereAlready() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.executable("*/python3*")]))
        machine.add(10, "/usr/bin/python3.12", arguments: ["-u", "/srv/shop/cart.py", "--token=hunter2"])
        machine.add(11, "/usr/bin/bash")
        machine.start()
        #expect(machine.selected == [10])
        #expect(machine.text(10, "service.name") == "cart")
        #expect(
            machine.notices == [
                .selected(pid: 10, service: "cart", executable: "/usr/bin/python3.12", criteria: "exe_path */python3*")
            ])
        #expect(machine.discovery.countOfTraced == 1)
    }

    @Test func asksForNoMoreThanIsNeeded() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.executable("*/python3*")]))
        let chosen = machine.add(10, "/usr/bin/python3.12")
        let other = machine.add(11, "/usr/bin/bash")
        machine.start()
        // The environment of a process that was not chosen is not read, nor are ports that nobody asks for.
        #expect(
            Set(machine.described) == [
                DescribeRequest(pid: 11, startTime: other.startTime, wants: []),
                DescribeRequest(pid: 10, startTime: chosen.startTime, wants: []),
                DescribeRequest(pid: 10, startTime: chosen.startTime, wants: .environment),
            ])
        #expect(machine.described.count == 4)
    }

    @Test func saysWhenNothingMatches() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.ports("8080")]))
        for pid in 10..<20 { machine.add(UInt32(pid), "/usr/bin/bash") }
        machine.start()
        #expect(machine.notices == [.nothingMatchesYet(lookedAt: 10)])
        machine.start()
        #expect(machine.notices.count == 1)
    }

    @Test func followsAPortFromTheKernel() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.ports("8080")]))
        machine.start()
        machine.add(10, "/usr/bin/node", arguments: ["server.js"])
        machine.report(machine.listen(10, 8080))
        #expect(machine.selected == [10])
        #expect(machine.resources[10] == nil)
        machine.settle()
        #expect(machine.selected == [10])
        #expect(machine.text(10, "service.name") == "server")
        machine.report(andSettle: machine.listen(10, 9090))
        #expect(machine.described.count == 3)
        machine.report(andSettle: machine.exit(10))
        #expect(machine.resources[10] == nil)
        #expect(machine.discovery.countOfTraced == 0)
    }

    @Test func ignoresPortsThatNobodyAskedFor() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.ports("8080")]))
        machine.add(10, "/usr/bin/node")
        machine.report(andSettle: machine.listen(10, 9090))
        #expect(machine.described.isEmpty)
    }

    @Test func excludesEvenWhatTheKernelChose() throws {
        var machine = Machine(
            DiscoverySettings(
                instrument: [try Self.ports("4318,8080")], excludeInstrument: [try Self.executable("*/bad")]))
        machine.add(10, "/usr/bin/otelcol-contrib")
        machine.add(11, "/opt/bad")
        machine.report(andSettle: machine.listen(10, 4318))
        machine.report(andSettle: machine.listen(11, 8080))
        #expect(machine.selected.isEmpty)
        #expect(machine.resources.isEmpty)
    }

    @Test func tracesCollectorsOnlyWhenTheDefaultsAreTakenAway() throws {
        for path in [
            "/bin/otelcol", "/bin/otelcol-contrib", "/bin/alloy", "/bin/beyla", "/usr/bin/hilo", "/x/ebpf-instrument",
        ] {
            var machine = Machine(DiscoverySettings(instrument: [try Self.executable("*")]))
            machine.add(10, path)
            machine.start()
            #expect(machine.selected.isEmpty, "\(path)")
            var open = Machine(DiscoverySettings(instrument: [try Self.executable("*")], defaultExcludeInstrument: []))
            open.add(10, path)
            open.start()
            #expect(open.selected == [10], "\(path)")
        }
    }

    @Test func needsEveryCriterionOfASelector() throws {
        let selector = Selector(
            openPorts: try PortSet(parsing: "8080"), exePath: try Glob("*/java"), commandLine: try Glob("*shop.jar*"))
        let settings = DiscoverySettings(instrument: [selector])
        #expect(Discovery.kernelPorts(settings).ranges.isEmpty)
        var machine = Machine(settings)
        machine.add(10, "/usr/bin/java", arguments: ["-jar", "/srv/shop.jar"], ports: [8080])
        machine.add(11, "/usr/bin/java", arguments: ["-jar", "/srv/shop.jar"], ports: [9090])
        machine.add(12, "/usr/bin/node", arguments: ["/srv/shop.jar"], ports: [8080])
        machine.add(13, "/usr/bin/java", arguments: ["-jar", "/srv/other.jar"], ports: [8080])
        machine.start()
        #expect(machine.selected == [10])
    }

    @Test func choosesByContainerAndByNumber() throws {
        let id = String(repeating: "ab", count: 32)
        var machine = Machine(
            DiscoverySettings(instrument: [
                Selector(exePath: try Glob("*/app"), inContainer: true), Selector(targetPIDs: [12, 14]),
            ]))
        machine.add(10, "/app", cgroup: "0::/docker/\(id)\n")
        machine.add(11, "/usr/app")
        machine.add(12, "/bin/cat")
        machine.start()
        #expect(machine.selected == [10, 12])
        #expect(machine.text(10, "container.id") == id)
    }

    @Test func looksAgainAfterExec() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.executable("*/python3", name: "py")]))
        machine.add(10, "/bin/sh")
        machine.start()
        machine.report(andSettle: machine.exec(10, "/usr/bin/python3"))
        #expect(machine.selected == [10])
        #expect(machine.text(10, "service.name") == "py")
        machine.report(andSettle: machine.exec(10, "/bin/sh"))
        #expect(machine.selected.isEmpty)
        #expect(machine.notices.last == .deselected(pid: 10, reason: .unmatched))
        #expect(machine.disowned == [10])
    }

    @Test func aProgramThatEndsBeforeItIsLookedAtIsDisowned() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.executable("*/python3")]))
        machine.add(10, "/usr/bin/python3")
        machine.start()
        machine.report(machine.fork(10, 11))
        machine.report(machine.exec(11, "/usr/bin/curl"))
        machine.report(machine.exit(11))
        machine.settle()
        #expect(machine.disowned == [11])
        // Of a child that runs what its parent runs, everything is known.
        machine.report(machine.fork(10, 12))
        machine.report(machine.exit(12))
        machine.settle()
        #expect(machine.disowned == [11])
        #expect(machine.selected == [10])
    }

    @Test func anExecDuringTheQuestionMakesTheAnswerVoid() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.executable("*/python3")]))
        machine.add(10, "/usr/bin/python3")
        machine.report(machine.exec(10, "/usr/bin/python3"))
        // While this waits for its answer, the process becomes something else; the answer is from before.
        let before = try #require(machine.processes[10]).description
        let event = machine.exec(10, "/bin/sh")
        machine.report(event)
        machine.perform(machine.discovery.take(before))
        #expect(machine.selected.isEmpty)
        machine.dropQuestions()
        machine.perform(machine.discovery.take(try #require(machine.processes[10]).description))
        machine.settle()
        #expect(machine.selected.isEmpty)
        #expect(machine.resources.isEmpty)
    }

    @Test func aForkedChildIsPartOfItsParentsService() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.ports("8080")]))
        machine.add(10, "/usr/bin/python3", arguments: ["/usr/bin/gunicorn"], serviceName: "shop")
        machine.report(andSettle: machine.listen(10, 8080))
        machine.report(machine.fork(10, 11))
        // At once; it is only made sure that it runs the same.
        #expect(machine.text(11, "service.name") == "shop")
        #expect(machine.text(11, "service.instance.id") == "box:11")
        #expect(machine.resources[11]?["process.pid"] == .integer(11))
        #expect(machine.open == [.describe(DescribeRequest(pid: 11, startTime: 0, wants: .ports))])
        machine.settle()
        #expect(machine.described.filter { $0.pid == 11 }.count == 1)
        // It outlives its parent.
        machine.report(andSettle: machine.exit(10))
        #expect(machine.selected == [11])
        #expect(machine.text(11, "service.name") == "shop")
    }

    @Test func childrenWaitForWhatBecomesOfTheirParent() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.ports("8080", name: "shop")]))
        machine.add(10, "/usr/bin/python3")
        machine.report(machine.listen(10, 8080))
        machine.report(machine.fork(10, 11))
        machine.report(machine.fork(11, 12))
        machine.report(machine.fork(12, 13))
        machine.report(machine.exit(13))
        #expect(machine.resources.isEmpty)
        machine.settle()
        #expect(machine.selected == [10, 11, 12])
        #expect(machine.text(12, "service.name") == "shop")
        #expect(machine.resources[13] == nil)
    }

    @Test func childrenOfWhatIsExcludedAreNotTraced() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.ports("8080")]))
        machine.add(10, "/bin/otelcol")
        machine.report(machine.listen(10, 8080))
        machine.report(machine.fork(10, 11))
        machine.settle()
        #expect(machine.selected.isEmpty)
    }

    /// A daemon forks as soon as it runs, before anybody has looked at it, and the process that was started ends.
    @Test func aDaemonIsFound() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.executable("*/nginx")]))
        machine.add(9, "/bin/sh")
        machine.start()
        machine.add(10, "/usr/sbin/nginx")
        let started = machine.exec(10, "/usr/sbin/nginx")
        // None of this is reported, for nobody chose it yet.
        for event in [machine.fork(10, 11), machine.fork(11, 12), machine.exit(10)] { #expect(event == nil) }
        machine.report(andSettle: started)
        #expect(machine.selected == [11, 12])
        // The shell was not looked at again.
        #expect(machine.described.filter { $0.pid == 9 }.count == 1)
    }

    @Test func childrenFromBeforeTheChoiceAreFound() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.executable("*/server")]))
        machine.add(10, "/usr/bin/server")
        let started = machine.exec(10, "/usr/bin/server")
        let unreported = machine.fork(10, 11)
        #expect(unreported == nil)
        machine.report(andSettle: started)
        #expect(machine.selected == [10, 11])
    }

    /// The report of the fork is older than the answer about the parent.
    @Test func aChildThatRunsSomethingElseIsNotTakenForItsParent() throws {
        var machine = Machine(
            DiscoverySettings(instrument: [try Self.ports("8080")], excludeInstrument: [try Self.executable("*/bad")]))
        machine.add(10, "/srv/good")
        machine.report(andSettle: machine.listen(10, 8080))
        let first = machine.exec(10, "/srv/bad", keepingPorts: true)
        let fork = machine.fork(10, 11)
        let second = machine.exec(10, "/srv/good", keepingPorts: true)
        for event in [first, fork, second] { machine.report(andSettle: event) }
        #expect(machine.selected == [10])
        #expect(machine.resources[11] == nil)
    }

    @Test func whatWasCapturedOfAnUnknownProcessIsLookedInto() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.ports("8080")]))
        machine.add(10, "/srv/good")
        machine.add(11, "/bin/otelcol")
        // Both are selected, and the reports are lost.
        _ = machine.listen(10, 8080)
        _ = machine.listen(11, 8080)
        for pid: UInt32 in [10, 11] {
            machine.perform(machine.discovery.captured(of: pid))
            machine.perform(machine.discovery.captured(of: pid))
        }
        machine.settle()
        #expect(machine.selected == [10])
        #expect(machine.text(10, "service.name") == "good")
        #expect(machine.discovery.captured(of: 10) == [])
    }

    /// Node.js's cluster module starts its workers by exec and hands connections to them: they never listen.
    @Test func aWorkerOfTheSameProgramIsTraced() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.ports("8080")]))
        machine.add(10, "/usr/bin/node", arguments: ["/srv/shop.js"])
        machine.report(andSettle: machine.listen(10, 8080))
        machine.report(machine.fork(10, 11))
        machine.report(andSettle: machine.exec(11, "/usr/bin/node", arguments: ["/srv/worker.js"]))
        #expect(machine.selected == [10, 11])
        #expect(machine.text(11, "service.name") == "shop")
        // It stays one when the first process ends and it runs itself anew.
        machine.report(andSettle: machine.exit(10))
        machine.report(andSettle: machine.exec(11, "/usr/bin/node", arguments: ["/srv/worker.js"]))
        #expect(machine.selected == [11])
    }

    @Test func whatATracedProcessStartsOtherwiseIsNot() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.ports("8080")]))
        machine.add(10, "/usr/bin/node")
        machine.report(andSettle: machine.listen(10, 8080))
        machine.report(machine.fork(10, 11))
        #expect(machine.selected == [10, 11])
        machine.report(andSettle: machine.exec(11, "/usr/bin/convert"))
        #expect(machine.selected == [10])
        #expect(machine.resources[11] == nil)
    }

    /// Socket activation: the first process listens for others. It is not one of them, and not everything that it
    /// starts is.
    @Test func theFirstProcessIsNotChosenForItsPorts() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.ports("8080")]))
        machine.add(1, "/usr/lib/systemd/systemd", parent: 0)
        machine.start()
        machine.report(machine.listen(1, 8080))
        #expect(machine.selected == [1])
        machine.settle()
        #expect(machine.selected.isEmpty)
        // The service inherits the socket.
        _ = machine.fork(1, 20)
        machine.report(andSettle: machine.exec(20, "/usr/bin/shop", keepingPorts: true))
        #expect(machine.selected == [20])
        // But whoever names it means it.
        var named = Machine(DiscoverySettings(instrument: [Selector(targetPIDs: [1])]))
        named.add(1, "/app", parent: 0)
        named.start()
        #expect(named.selected == [1])
    }

    @Test func hiloIsNeverTraced() throws {
        var machine = Machine(
            DiscoverySettings(
                instrument: [try Self.executable("*"), try Self.ports("8080")], defaultExcludeInstrument: []),
            own: [10, 11])
        machine.add(10, "/usr/bin/coordinator")
        machine.add(11, "/usr/libexec/reader")
        machine.start()
        machine.report(andSettle: machine.listen(10, 8080))
        machine.report(andSettle: machine.exec(11, "/bin/sh"))
        #expect(machine.selected.isEmpty && machine.described.isEmpty)
        // A helper that was started anew, and chosen before anybody said whose it is.
        machine.add(12, "/usr/libexec/reader")
        machine.report(andSettle: machine.exec(12, "/usr/libexec/reader"))
        #expect(machine.selected == [12])
        machine.perform(machine.discovery.setOwnProcesses([10, 12]))
        #expect(machine.selected.isEmpty)
        #expect(machine.notices.last == .deselected(pid: 12, reason: .own))
    }

    @Test func aNumberThatWasGivenAwayIsAnotherProcess() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.executable("*/python3")]))
        machine.add(10, "/usr/bin/python3")
        machine.start()
        // Nobody reported its end. Its successor is something else.
        _ = machine.exit(10)
        machine.add(10, "/bin/sh")
        machine.start()
        #expect(machine.selected.isEmpty && machine.resources.isEmpty)
        // Its successor is the same again.
        machine.add(20, "/usr/bin/python3", serviceName: "one")
        machine.start()
        _ = machine.exit(20)
        machine.add(20, "/usr/bin/python3", serviceName: "two")
        machine.start()
        #expect(machine.selected == [20])
        #expect(machine.text(20, "service.name") == "two")
    }

    @Test func whatEndsBeforeItIsSelectedIsNotLeftSelected() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.executable("*/python3")]))
        machine.add(10, "/usr/bin/python3")
        machine.report(machine.exec(10, "/usr/bin/python3"))
        machine.answer()
        // It ends before it is selected: nothing reports that.
        let last = try #require(machine.processes[10]).description
        _ = machine.exit(10)
        machine.dropQuestions()
        machine.perform(machine.discovery.take(last))
        #expect(machine.selected == [10])
        machine.settle()
        #expect(machine.selected.isEmpty && machine.resources.isEmpty)
    }

    /// The ring is emptied a few times a second: what is in it may be older than what was done meanwhile.
    @Test func aLateEventDoesNotUndoASelection() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.executable("*/python3")]))
        machine.add(10, "/usr/bin/python3")
        let started = machine.exec(10, "/usr/bin/python3")
        let listening = machine.listen(10, 5000)
        machine.report(andSettle: started)
        #expect(machine.selected == [10])
        machine.report(andSettle: listening)
        #expect(machine.selected == [10])
        #expect(machine.text(10, "service.name") == "python3")
    }

    @Test func everyoneIsSelectedAgainAfterTheTracerRestarted() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.executable("*/python3")]))
        machine.add(10, "/usr/bin/python3")
        machine.add(11, "/usr/bin/python3")
        machine.start()
        machine.loseSelection()
        _ = machine.exit(11)
        machine.perform(machine.discovery.tracerRestarted())
        machine.settle()
        #expect(machine.selected == [10])
        #expect(machine.discovery.countOfTraced == 1)
    }

    @Test func tablesAreBounded() throws {
        var limits = Discovery.Limits()
        (limits.inFlight, limits.lookups, limits.selected, limits.followers) = (2, 8, 5, 2)
        var machine = Machine(DiscoverySettings(instrument: [try Self.executable("*/python3")]), limits: limits)
        for pid in 10..<40 { machine.add(UInt32(pid), "/usr/bin/python3") }
        for pid in 10..<40 { machine.report(machine.exec(UInt32(pid), "/usr/bin/python3")) }
        #expect(machine.open.count == 2)
        #expect(machine.notices == [.overwhelmed])
        machine.settle()
        #expect(machine.selected.count == 5)
        #expect(machine.discovery.countOfTraced == 5)
        #expect(machine.notices.contains(.tooManySelected(most: 5)))
        // There is no room for a child either: it must not be traced without a resource.
        machine.report(machine.fork(10, 100))
        #expect(machine.selected.count == 5)
    }

    @Test func answersThatNobodyAskedForAreIgnored() throws {
        var machine = Machine(DiscoverySettings(instrument: [try Self.executable("*")]))
        machine.add(10, "/bin/x")
        #expect(machine.discovery.take(try #require(machine.processes[10]).description) == [])
        #expect(machine.discovery.describeFailed(10) == [])
        #expect(
            machine.discovery.take(ScanReply(processes: [ProcessInstance(pid: 10, startTime: 1)], more: true)) == [])
        #expect(machine.discovery.take(.exit, of: 10, isTraced: true) == [.forget(10)])
    }

    @Test func kernelPortsAreThoseOfSelectorsThatAskForNothingElse() throws {
        var narrow = try Self.ports("9000")
        narrow.exePath = try Glob("*/x")
        let settings = DiscoverySettings(instrument: [try Self.ports("80,443"), narrow, try Self.ports("8000-8010")])
        #expect(Discovery.kernelPorts(settings).description == "80,443,8000-8010")
    }
}
