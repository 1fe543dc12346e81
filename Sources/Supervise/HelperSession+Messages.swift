internal import LinuxSys
internal import Wire

/// What a helper says, and what is made of it.
extension HelperSession {
    /// Messages read in one turn, before it is looked at whether hilo wants to stop.
    private static let messagesPerTurn = 64
    /// Bytes that are kept of a greeting's facts, and of last words: said once in a life. What a kernel says of
    /// programs that it refuses takes some.
    private static let longestText = 4096

    /// - Parameter toTheEnd: nothing more will come than what is there.
    mutating func read(toTheEnd: Bool) {
        var left = toTheEnd ? Int.max : HelperSession.messagesPerTurn
        while left > 0, let channel = connection, toTheEnd || hasRoom {
            left -= 1
            do throws(SysError) {
                switch try channel.channel.receive(into: &buffer, waiting: false) {
                case .nothing: return
                case .closed:
                    if !toTheEnd { handle(.hungUp) }
                    return
                case .message: take()
                }
            } catch {
                handle(.offended(.misbehaved("\(error)")))
                return
            }
        }
    }

    private mutating func take() {
        lastHeard = MonotonicClock.now()
        let descriptors = takeDescriptors()
        let outcome = buffer.withBytes { bytes -> Outcome in
            do throws(WireError) {
                return try interpret(try Frame(decoding: bytes, descriptors: descriptors.count), descriptors)
            } catch {
                return .offence(error)
            }
        }
        switch outcome {
        case .nothing: return
        case .greeting(let hello):
            helper.connect(connection)
            handle(.greeted(hello.cut(to: HelperSession.longestText)))
        case .log(let message) where message.level == .critical:
            lastWords = message.cut(to: HelperSession.longestText)
        case .log(let message): say(message)
        case .maps(let maps): hold(maps, descriptors)
        case .link: holdLink(descriptors)
        case .share(let map): holdShared(map, descriptors)
        // Of one that has greeted it is known that it is of this version.
        case .offence(.wrongVersion(let version)) where !life.isServing:
            handle(.offended(.otherProtocol(version)))
        case .offence(let error): handle(.offended(.misbehaved("\(error)")))
        }
    }

    private mutating func takeDescriptors() -> [HeldDescriptor] {
        var taken: [HeldDescriptor] = []
        for index in 0..<buffer.countOfDescriptors {
            if let descriptor = buffer.takeDescriptor(index) { taken.append(HeldDescriptor(descriptor)) }
        }
        return taken
    }

    private mutating func hold(_ maps: CaptureMaps, _ descriptors: [HeldDescriptor]) {
        let isFirst = holdings == nil
        holdings = CaptureHoldings(maps, descriptors)
        guard isFirst else { return handle(.offended(.misbehaved("\(MessageKind.maps) came twice"))) }
        noteWhole()
    }

    private mutating func holdLink(_ descriptors: [HeldDescriptor]) {
        guard let link = descriptors.first, keep(link) else {
            return handle(.offended(.misbehaved("\(MessageKind.link) came too often")))
        }
        noteWhole()
    }

    /// Where nothing is inherited, there are links alone.
    private mutating func keep(_ link: HeldDescriptor) -> Bool {
        if helper.plan.ofHeir != nil { return holdings?.add(link) == true }
        guard links.count < CaptureMaps.mostLinks else { return false }
        links.append(link)
        return true
    }

    private mutating func holdShared(_ map: SharedMap, _ descriptors: [HeldDescriptor]) {
        guard let descriptor = descriptors.first,
            holdings?.share(LoanedDescriptor(name: map.name, descriptor)) == true
        else { return handle(.offended(.misbehaved("\(MessageKind.share) came too often"))) }
        noteWhole()
    }

    private mutating func noteWhole() {
        guard holdings?.isComplete == true else { return }
        handle(.entrusted)
        if let shared = holdings?.shared { helper.onChange(.entrusted(shared)) }
    }

    private enum Outcome {
        case nothing
        case greeting(Hello)
        case log(LogMessage)
        case maps(CaptureMaps)
        case link
        case share(SharedMap)
        case offence(WireError)
    }

    private borrowing func interpret(_ frame: Frame, _ descriptors: [HeldDescriptor]) throws(WireError) -> Outcome {
        switch frame.kind {
        case .records:
            guard life.isServing else { throw .unexpectedKind(.records) }
            var records = try Records(frame)
            try helper.onRecords(&records, loads)
            return .nothing
        case .maps:
            guard life.isServing, helper.plan.ofHeir != nil else { throw .unexpectedKind(.maps) }
            return .maps(try frame.decode(CaptureMaps.self))
        case .link:
            guard life.isServing, helper.plan.entrustsLinks else { throw .unexpectedKind(.link) }
            _ = try frame.decode(CaptureLink.self)
            return .link
        case .share:
            guard life.isServing, helper.plan.ofHeir != nil else { throw .unexpectedKind(.share) }
            return .share(try frame.decode(SharedMap.self))
        case .log: return .log(try frame.decode(LogMessage.self))
        case .hello:
            guard !life.isServing else { throw .unexpectedKind(.hello) }
            return .greeting(try frame.decode(Hello.self))
        case _ where frame.kind.isReply:
            try connection?.replies.resolve(frame, descriptors, now: lastHeard)
            return .nothing
        default:
            throw .unexpectedKind(frame.kind)
        }
    }
}
