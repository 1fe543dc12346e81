import LinuxSys
import Logging
import Supervise
import Testing
import Wire

/// Starts Python programs in the place of helpers: each speaks the protocol as the test wants it.
struct PythonStarter: HelperStarting {
    let script: String

    /// Frames are made by hand, so that the test does not rely on what it tests.
    static let prelude = """
        import os, socket, struct, sys, time
        s = socket.socket(fileno=3)
        def send(kind, payload, id=0):
            s.send(struct.pack("<HHIIB3x", \(WireFormat.version), kind, id, len(payload), 0) + payload)
        def hello(helper=1, abi=0):
            send(0x100, struct.pack("<IB5QH", abi, helper, 0, 0, 0, 0, 0, 0))
        def request():
            m = s.recv(65536)
            if not m: sys.exit(0)
            v, kind, id, length, fds = struct.unpack("<HHIIB3x", m[:16])
            return kind, id, m[16:]

        """

    func start(_ plan: HelperPlan) throws(StartFailure) -> StartedHelper {
        var pair: ChannelPair
        do throws(SysError) {
            pair = try ChannelPair()
        } catch {
            throw .starter("\(error)")
        }
        guard let own = pair.takeOwn(), let peer = pair.takePeer() else { throw .starter("no channel") }
        do throws(SpawnError) {
            let child = try Child.start(
                "/usr/bin/python3", arguments: ["python3", "-c", PythonStarter.prelude + script], channel: peer)
            return StartedHelper(child: child, channel: own)
        } catch {
            throw .helper(error)
        }
    }
}

/// A helper, and what was told about it.
struct Observed: Sendable {
    let helper: Helper
    let changes: AsyncStream<Helper.Change>

    init(
        _ plan: HelperPlan = .processInspector, script: String, abiVersion: UInt32 = 0,
        answer: UInt64 = 20_000_000_000, longestAnswer: UInt64 = 60_000_000_000,
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        onRecords: @escaping Helper.RecordConsumer = { (_, _) throws(WireError) in throw .unexpectedKind(.records) },
        hasRoom: @escaping Helper.RoomTeller = { _ in true }
    ) throws {
        let (changes, queue) = AsyncStream.makeStream(of: Helper.Change.self)
        self.changes = changes
        var patience = HelperLife.Patience()
        patience.farewell = 500_000_000
        patience.answer = answer
        patience.longestAnswer = longestAnswer
        helper = try Helper(
            plan, starter: PythonStarter(script: script), abiVersion: abiVersion, patience: patience,
            logger: logger, onRecords: onRecords, hasRoom: hasRoom
        ) { queue.yield($0) }
        try helper.start()
    }

    /// The next change, in words.
    func next(_ iterator: inout AsyncStream<Helper.Change>.Iterator) async -> String {
        switch await iterator.next() {
        case .entrusted: "entrusted"
        case .ready(_, let pid, _): pid > 0 ? "ready" : "ready without a process"
        case .lost(let explanation, _): "lost: \(explanation.cause)"
        case .gaveUp(let explanation): "gave up: \(explanation.cause) (\(explanation.exitCode.rawValue))"
        case .stopped: "stopped"
        case nil: "nothing"
        }
    }
}
