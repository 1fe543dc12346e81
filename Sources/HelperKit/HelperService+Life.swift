internal import LinuxSys
internal import Wire

extension HelperService where Self: ~Copyable {
    /// A helper's life, in its one fixed order; each step relies on those before it.
    ///
    /// 1. Close every descriptor but 0 to 2 and the channel, empty the environment, become not dumpable. Permitted has
    ///    to be what the manifest says: less is refused, and so is more.
    /// 2. Open what has to be open, with no capability in effect.
    /// 3. Raise, load, lower; drop from permitted and bounding; no_new_privs; Landlock; seccomp; not dumpable again.
    /// 4. Greet, and serve until the coordinator closes its end.
    public static func run() -> Never {
        ProcessControl.exit(live().rawValue)
    }

    private static func live() -> ExitCode {
        do throws(HelperFault) {
            try cleanUp()
        } catch {
            return explain(error)
        }
        let coordinator = Coordinator(channel: Channel(adopting: OwnedFD(adopting: Syscalls.channel)))
        do throws(HelperFault) {
            let granted = try checkPrivileges()
            var service = try Self(arguments: Array(CommandLine.arguments.dropFirst()))
            try service.open()
            try service.receive(from: coordinator)
            let confinement = try Confinement(
                of: manifest, granted: granted, raising: service.needsPrivilege, allowing: syscalls
            ) { () throws(HelperFault) in try service.load(for: coordinator) }
            try coordinator.send(
                Hello(
                    abiVersion: abiVersion, helper: try identity, capabilities: confinement.capabilities,
                    probed: confinement.facts + service.probed()))
            try service.begin(for: coordinator)
            try serve(&service, coordinator)
            return .success
        } catch {
            if error.exitCode != .success {
                coordinator.sayLast(LogMessage(level: .critical, message: error.message, facts: error.facts))
            }
            return explain(error)
        }
    }

    /// The line on descriptor 2 by which a helper that leaves explains itself.
    private static func explain(_ fault: HelperFault) -> ExitCode {
        if fault.exitCode != .success {
            StandardError.write(line: "\(manifest.name): \(fault.message)")
        }
        return fault.exitCode
    }

    private static var identity: HelperIdentity {
        get throws(HelperFault) {
            guard let identity = manifest.identity else { throw HelperFault(.fault, "The manifest names no helper") }
            return identity
        }
    }

    /// Step 1, as far as it can go wrong before there is somebody to tell.
    private static func cleanUp() throws(HelperFault) {
        guard Channel.isChannel(Syscalls.channel) else {
            throw HelperFault(
                .usage,
                "This is a part of hilo, which hilo run starts: descriptor 3 has to be a channel"
            )
        }
        try HelperFault.translating { () throws(SysError) in
            try Descriptors.closeAll(except: [0, 1, 2, Syscalls.channel])
            try Descriptors.pointAtNothing(0)
            try Descriptors.pointAtNothing(1)
            if !Descriptors.isOpen(2) { try Descriptors.pointAtNothing(2) }
            ProcessControl.clearEnvironment()
            // The coordinator decides when a helper leaves, by closing the channel: it has rings to drain first.
            ProcessControl.ignoreGroupSignals()
            try ProcessControl.leaveWorkingDirectory()
            try ProcessControl.setDumpable(false)
        }
    }

    /// - Returns: what is permitted: everything the manifest needs, and of what it may have, what there is.
    private static func checkPrivileges() throws(HelperFault) -> CapabilitySet {
        let check = try HelperFault.translating { () throws(SysError) in
            PrivilegeCheck(manifest: manifest, capabilities: try .ofThisThread())
        }
        if !check.isSatisfied {
            throw try HelperFault.translating { () throws(SysError) in check.fault(in: try .ofThisProcess()) }
        }
        // A file installed with "=ep" instead of "=p" has them in effect from the first instruction.
        try HelperFault.translating { () throws(SysError) in try Capabilities.raise([]) }
        return check.capabilities.permitted
    }

    /// Step 4.
    private static func serve(_ service: inout Self, _ coordinator: borrowing Coordinator) throws(HelperFault) {
        var gate = Gate(requests: requests)
        var buffer = MessageBuffer(capacity: WireFormat.largestMessage)
        var waiting = PollSet()
        let channel = waiting.add(coordinator.channel.rawValue)
        let watched = waiting.add(-1)
        var lastWake = MonotonicClock.now()

        while true {
            waiting.replace(at: watched, with: service.watched ?? -1)
            let interval = service.wakeInterval
            let elapsed = MonotonicClock.now() &- lastWake
            _ = try HelperFault.translating { () throws(SysError) in
                try waiting.wait(timeout: interval.map { $0 > elapsed ? $0 - elapsed : 0 })
            }
            let now = MonotonicClock.now()
            let isDue = interval.map { now &- lastWake >= $0 } ?? false
            if isDue || !waiting.readiness(at: watched).isEmpty {
                lastWake = now
                try service.wake(for: coordinator)
            }
            if !waiting.readiness(at: channel).isEmpty {
                guard try serveOne(&service, coordinator, &gate, &buffer, now: now) else { return }
            }
        }
    }

    /// - Returns: false when the coordinator is gone.
    private static func serveOne(
        _ service: inout Self, _ coordinator: borrowing Coordinator, _ gate: inout Gate, _ buffer: inout MessageBuffer,
        now: UInt64
    ) throws(HelperFault) -> Bool {
        let received: Channel.Received
        do throws(SysError) {
            received = try coordinator.channel.receive(into: &buffer, waiting: false)
        } catch {
            throw HelperFault(.fault, "The coordinator sent a message that cannot be received: \(error)")
        }
        switch received {
        case .nothing: return true
        case .closed: return false
        case .message: break
        }
        let descriptors = buffer.countOfDescriptors
        var descriptor = buffer.takeDescriptor()
        try buffer.withBytes { (bytes) throws(HelperFault) in
            let request: Frame
            do throws(WireError) {
                request = try Frame(decoding: bytes, descriptors: descriptors)
            } catch {
                throw HelperFault(error)
            }
            do throws(Gate.Refusal) {
                try gate.admit(request.kind, now: now)
            } catch {
                throw HelperFault(.fault, "The coordinator broke the protocol: \(error)")
            }
            if let descriptor = descriptor.take() { service.take(descriptor) }
            let answer = try service.answer(request, for: coordinator)
            if answer.accepted { gate.accepted(request.kind) }
        }
        return true
    }
}
