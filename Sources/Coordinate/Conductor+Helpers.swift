import Discover
import LinuxSys
import Logging
import Supervise
import Wire

/// What helpers do, and what is said about it.
extension Conductor {
    // MARK: - Event-reader

    mutating func readerChanged(_ change: Helper.Change) {
        switch change {
        case .ready(let hello, let pid, let isHeir):
            own(pid, as: session.reader.plan.manifest.name)
            note(hello)
            hooks = hello.fact("hooks") ?? hooks
            if !isHeir { beginCapture() }
            configure()
        case .entrusted(let shared):
            lend(shared)
            lendForTLS(shared)
        case .lost(let explanation, let pause):
            progress.readerLost()
            sayLost(explanation, pause)
        case .gaveUp(let explanation):
            progress.readerLost()
            fail(explanation)
        case .stopped: progress.readerLost()
        }
    }

    /// The programs are new: between the ones before and these nothing was attached.
    private mutating func beginCapture() {
        session.follower?.post { $0.loaded(0) }
        ledger.beginLife(received: session.tracer.counts.received)
        if progress.hasScanBegun {
            logger.warning(
                "Capture was loaded anew: what happened meanwhile is not traced, and nobody counted it")
        }
    }

    private func configure() {
        let session = session
        let settings = KernelSettings(
            sampler: session.settings.sampler, ports: Discovery.kernelPorts(session.settings.discovery))
        Task {
            do throws(AskError) {
                _ = try await session.reader.ask(settings.request)
                session.inbox.post(.configured(nil))
            } catch {
                session.inbox.post(.configured(error))
            }
        }
    }

    mutating func configured(_ error: AskError?) {
        if let error {
            // It is gone or stuck; what follows its end is a new one.
            logger.warning("The event-reader did not take its settings", metadata: ["reason": "\(error)"])
            return
        }
        let isFirst = !progress.hasScanBegun
        progress.readerConfigured()
        if isFirst { return }
        // Processes that were to be left alone while there was nobody to be told; who is traced is said anew.
        perform(owed.sorted().map { .deselect($0) } + discovery.tracerRestarted())
        owed = []
        logger.notice("Capture works again", metadata: ["hooks": "\(hooks)"])
    }

    // MARK: - Process-inspector

    mutating func inspectorChanged(_ change: Helper.Change) {
        switch change {
        case .ready(let hello, let pid, _):
            own(pid, as: session.inspector.plan.manifest.name)
            note(hello)
            let isFirst = !progress.hasScanBegun
            progress.inspectorReady()
            session.follower?.post { $0.inspect() }
            perform(discovery.inspectorRestarted())
            if !isFirst { logger.notice("Discovery works again") }
        case .lost(let explanation, let pause):
            progress.inspectorLost()
            sayLost(explanation, pause)
        case .gaveUp(let explanation):
            progress.inspectorLost()
            fail(explanation)
        case .stopped: progress.inspectorLost()
        case .entrusted: break
        }
    }

    // MARK: - TC attacher

    /// The maps of capture that is loaded now. A tc-attacher that works on others is replaced.
    private mutating func lend(_ shared: [LoanedDescriptor]) {
        guard let attacher = session.attacher, !shared.isEmpty else { return }
        if session.loans.replace(shared) {
            attacher.renew()
            return
        }
        do throws(SysError) {
            try attacher.start()
            hasLent = true
        } catch {
            logger.error("The tc-attacher cannot be looked after", metadata: ["reason": "\(error)"])
        }
    }

    mutating func attacherChanged(_ change: Helper.Change) {
        switch change {
        case .ready(let hello, let pid, _):
            own(pid, as: HelperManifest.tcAttacher.name)
            note(hello)
            let isFirst = !progress.isReady
            progress.attacherReady()
            propagationMode = PropagationMode(HelperPlan.Carriers(session.settings.ebpf.contextPropagation), hello)
            if isFirst || hello.fact(Fact.headersWithheld) != nil { sayPassingOn(hello) }
            if !isFirst { logger.notice("\(purpose) again") }
        case .lost(let explanation, let pause):
            progress.attacherLost()
            sayLost(explanation, pause)
        case .gaveUp(let explanation):
            progress.attacherLost()
            fail(explanation)
        case .stopped: progress.attacherLost()
        case .entrusted: break
        }
    }

    // MARK: - TLS attacher

    /// As `lend`.
    private mutating func lendForTLS(_ shared: [LoanedDescriptor]) {
        guard let attacher = session.tlsAttacher, !shared.isEmpty else { return }
        if session.tlsLoans.replace(shared) {
            attacher.renew()
            return
        }
        do throws(SysError) {
            try attacher.start()
            hasLentForTLS = true
        } catch {
            progress.tlsAttacherGivenUp()
            logger.error("The tls-attacher cannot be looked after", metadata: ["reason": "\(error)"])
        }
    }

    /// A run goes on without it, but for what its installation lacks.
    mutating func tlsAttacherChanged(_ change: Helper.Change) {
        switch change {
        case .ready(let hello, let pid, _):
            own(pid, as: HelperManifest.tlsAttacher.name)
            note(hello)
            let lent = session.tlsLoans.lent
            session.follower?.post { $0.loaded(lent) }
            progress.tlsAttacherReady()
            if let count = starts[HelperManifest.tlsAttacher.name], count > 1 {
                logger.notice("TLS of what begins is followed again")
            }
        case .lost(let explanation, let pause):
            progress.tlsAttacherLost()
            sayLost(explanation, pause)
        case .gaveUp(let explanation):
            hasLentForTLS = false
            guard ![.privilege, .version, .usage].contains(explanation.exitCode) else { return fail(explanation) }
            progress.tlsAttacherGivenUp()
            logger.warning(
                "TLS is not followed, though it was asked for", metadata: ["reason": "\(explanation.cause)"])
        case .stopped: progress.tlsAttacherLost()
        case .entrusted: break
        }
    }

    private mutating func own(_ pid: Int32, as name: String) {
        ownProcesses[name] = UInt32(bitPattern: pid)
        starts[name, default: 0] += 1
        perform(discovery.setOwnProcesses(Set(ownProcesses.values)))
    }

    // MARK: - What is said

    private func note(_ hello: Hello) {
        var facts: Logger.Metadata = ["helper": "\(hello.helper)"]
        for fact in hello.probed { facts[fact.name] = "\(fact.value)" }
        logger.debug("A helper is ready", metadata: facts)
        // One for each set at most: what greets may have fallen.
        let refusals = hello.probed.lazy.filter { $0.name.hasPrefix("refused.") }
        for fact in refusals.prefix(HelperPlan.Hooks.allCases.count) {
            logger.info(
                "The kernel refused a set of hooks; another one is used", metadata: ["\(fact.name)": "\(fact.value)"])
        }
    }

    /// What the tc-attacher is there for.
    private var purpose: String {
        session.settings.ebpf.contextPropagation.isDisjoint(with: .all)
            ? "IP options are read, and no context is passed on" : "Contexts are passed on"
    }

    private func sayPassingOn(_ hello: Hello) {
        let carriers = session.settings.ebpf.contextPropagation
        let later = hello.fact(Fact.laterRequests) ?? "unknown"
        let older = hello.fact(Fact.olderConnections) ?? "unknown"
        let withheld = hello.fact(Fact.headersWithheld)
        logger.log(
            level: withheld == nil ? .info : .warning,
            "\(purpose)",
            metadata: [
                "headers": "\(withheld ?? String(carriers.contains(.headers)))",
                "tcp_option": "\(carriers.contains(.tcp))",
                "ip_options_read": "\(carriers.contains(.ip))",
                "later_requests": "\(later)", "older_connections": "\(older)",
            ])
    }

    private func sayLost(_ explanation: Explanation, _ pause: Duration) {
        var facts: Logger.Metadata = ["helper": "\(explanation.helper)", "cause": "\(explanation.cause)"]
        if let remedy = explanation.remedy { facts["remedy"] = "\(remedy)" }
        if isStarterGone {
            logger.error("A helper is gone and cannot be replaced: the run ends", metadata: facts)
            return
        }
        facts["retry_after_ms"] =
            "\(pause.components.seconds * 1000 + pause.components.attoseconds / 1_000_000_000_000_000)"
        logger.warning("A helper is gone and will be started again", metadata: facts)
    }

    /// How many processes are traced, as systemctl status shows it.
    mutating func tellProcesses() {
        toldProcesses = silence.countOfProcesses
        manager.status("Tracing \(silence.countOfProcesses) processes")
    }

    mutating func sayReady() {
        let count = silence.countOfProcesses
        toldProcesses = count
        manager.ready(status: "Tracing \(count) processes")
        var facts: Logger.Metadata = ["hooks": "\(hooks)", "processes": "\(count)"]
        toldUnanswered = discovery.countOfUnanswered
        var missing: [String] = []
        if !discovery.hasListed || toldUnanswered > 0 {
            facts["not_looked_at"] = discovery.hasListed ? "\(toldUnanswered)" : "any"
            facts["ports_unknown"] = "\(discovery.countOfUnknownPorts)"
            missing.append(
                "processes are not looked at yet: the host may be overloaded; they will be asked about again")
        }
        switch progress.search {
        case .unwanted: break
        case .over where unfollowed == 0: break
        case .over:
            facts["not_followed"] = "\(unfollowed)"
            missing.append("TLS of processes is not followed whose files do not answer")
        case .unavailable: missing.append("TLS is not followed")
        case .unattended:
            missing.append("TLS is not followed yet: its helper does not serve, and will be started again")
            isSearchOwed = true
        case .unasked, .asked:
            facts["not_searched"] = "\(session.follower?.countOfUnsearched ?? 0)"
            missing.append("TLS of what runs already is not followed yet: the search for OpenSSL goes on")
            isSearchOwed = true
        }
        guard !missing.isEmpty else {
            logger.notice("Ready: every selected feature is attached", metadata: facts)
            return
        }
        logger.warning("Ready, but \(missing.joined(separator: "; and "))", metadata: facts)
    }

    /// Says that the search is over, where ready was said before.
    mutating func searched(_ question: UInt64, setAside: Int) {
        guard progress.searched(question: question) else { return }
        unfollowed = setAside
        guard isSearchOwed else { return }
        isSearchOwed = false
        logger.notice("TLS of what ran already is followed now", metadata: ["not_followed": "\(setAside)"])
    }

    /// Says when more processes than before are without an answer; seldom, while they become more and more.
    mutating func tellUnanswered() {
        let (count, now) = (discovery.countOfUnanswered, MonotonicClock.now())
        guard count > toldUnanswered, now >= tellUnansweredAt else {
            toldUnanswered = min(toldUnanswered, count)
            return
        }
        (toldUnanswered, tellUnansweredAt) = (count, now &+ Conductor.unansweredPause)
        logger.warning(
            "Processes could not be looked at: the host may be overloaded; they will be asked about again",
            metadata: ["not_looked_at": "\(count)", "ports_unknown": "\(discovery.countOfUnknownPorts)"])
    }

    /// Says how much is not said one by one: any process can bring notices about.
    mutating func tellUnsaid() {
        let count = discovery.takeUnsaid()
        guard count > 0 else { return }
        logger.notice("More happened to processes than is logged one by one", metadata: ["not_logged": "\(count)"])
    }

    func say(_ notice: DiscoveryNotice) {
        switch notice {
        case .selected(let pid, let service, let executable, let criteria):
            logger.info(
                "A process is traced",
                metadata: [
                    "pid": "\(pid)", "service": "\(service)", "executable": "\(executable)", "selector": "\(criteria)",
                ])
        case .deselected(let pid, let reason):
            logger.info("A process is not traced any more", metadata: ["pid": "\(pid)", "reason": "\(reason)"])
        case .nothingMatchesYet(let count):
            logger.notice(
                "No process matches yet; what starts later and matches will be traced",
                metadata: ["looked_at": "\(count)"])
        case .tooManySelected(let most):
            logger.warning("There is no room for another traced process", metadata: ["most": "\(most)"])
        case .overwhelmed:
            logger.notice("More processes start than can be looked at; all will be looked at again")
        }
    }

    // MARK: - Giving up

    /// A helper that is given up ends the run. The other one gets a moment, so that both causes are said at once.
    private mutating func fail(_ explanation: Explanation) {
        failures.append(explanation)
        failBy = failBy ?? MonotonicClock.now() &+ 700_000_000
    }

    var hasFailed: Bool {
        guard !failures.isEmpty, let failBy else { return false }
        let bothSettled = failures.count > 1 || progress.isInspectorReady || progress.isReaderConfigured
        return bothSettled || MonotonicClock.now() >= failBy
    }

    /// One line for each thing to be done.
    var failureLines: [String] {
        var remedies: Set<String> = []
        let distinct = failures.filter { remedies.insert($0.remedy ?? $0.cause).inserted }
        return distinct.enumerated().map { $0.offset == 0 ? "error: \($0.element.line)" : "also: \($0.element.line)" }
    }
}
