import Foundation
import LinuxSys
import Testing
import Wire

/// Whether these tests can run here: they give a copy of a helper file capabilities and start it as another user.
enum Privileged {
    static let user: UInt32 = 65_534

    static var isPossible: Bool {
        let reason: String? =
            if geteuid() != 0 {
                "not root"
            } else if helper("hilo-process-inspector") == nil {
                "hilo-process-inspector is not built (or set HILO_HELPERS to its directory)"
            } else if let tool = ["/usr/bin/setpriv", "/usr/sbin/setcap", "/usr/bin/python3"].first(where: {
                !FileManager.default.isExecutableFile(atPath: $0)
            }) {
                "there is no \(tool)"
            } else {
                nil
            }
        if let reason { print("skipped: \(reason)") }
        return reason == nil
    }

    /// Beside the test bundle, where SwiftPM puts all products.
    static func helper(_ name: String) -> String? {
        var places = CommandLine.arguments.filter { $0.hasSuffix(".xctest") }.map {
            URL(filePath: $0).deletingLastPathComponent().path
        }
        if let place = ProcessInfo.processInfo.environment["HILO_HELPERS"] { places.insert(place, at: 0) }
        return places.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static func run(_ program: String, _ arguments: String...) throws {
        let process = Foundation.Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw SysError("run", program, code: process.terminationStatus) }
    }

    /// A copy of the inspector that root owns, in a directory that everybody can reach.
    ///
    /// - Parameter capabilities: in the words of setcap; nil for none.
    static func withInspector(
        _ capabilities: String? = HelperManifest.processInspector.fileCapabilities, in parent: String = "/var/tmp",
        _ body: (String) throws -> Void
    ) throws {
        try withHelper(.processInspector, capabilities, in: parent, body)
    }

    /// The same with the capabilities of an installation, for any helper.
    static func withHelper(_ manifest: HelperManifest, _ body: (String) throws -> Void) throws {
        try withHelper(manifest, manifest.fileCapabilities, in: "/var/tmp", body)
    }

    private static func withHelper(
        _ manifest: HelperManifest, _ capabilities: String?, in parent: String, _ body: (String) throws -> Void
    ) throws {
        let directory = "\(parent)/hilo-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let copy = "\(directory)/\(manifest.name)"
        try FileManager.default.copyItem(atPath: #require(helper(manifest.name)), toPath: copy)
        if let capabilities { try run("/usr/sbin/setcap", capabilities, copy) }
        try body(copy)
    }
}

/// A helper, started as an unprivileged user, and the coordinator's end of its channel.
struct HelperProcess: ~Copyable {
    private var channel: Channel?
    private var child: Child
    private var buffer = MessageBuffer()
    private var lastID: UInt32 = 0

    /// - Parameters:
    ///   - wrappers: setpriv options, one list for each setpriv in front of the helper.
    ///   - isStopped: whether it stops itself (SIGSTOP) before it becomes the helper.
    init(_ path: String, _ arguments: [String] = [], wrappers: [[String]] = [], isStopped: Bool = false) throws {
        let identity = [
            "--reuid=\(Privileged.user)", "--regid=\(Privileged.user)", "--clear-groups", "--inh-caps=-all",
        ]
        var command: [String] = []
        for options in [identity] + wrappers { command += ["/usr/bin/setpriv"] + options }
        if isStopped { command += ["/bin/sh", "-c", "kill -STOP $$; exec \"$@\"", "sh"] }
        command += [path] + arguments
        var pair = try ChannelPair()
        guard let own = pair.takeOwn(), let peer = pair.takePeer() else { throw SysError("pair", code: 0) }
        child = try Child.start(command[0], arguments: command, channel: peer, standardError: .piped)
        channel = consume own
    }

    var pid: Int32 { child.pid }

    func send(_ bytes: [UInt8], descriptors: [Int32] = []) throws {
        try channel?.send(bytes, descriptors: descriptors)
    }

    /// The next message's kind and bytes; nil when the helper has closed its end. Half a minute's silence is an error.
    mutating func receive() throws -> (kind: MessageKind, bytes: [UInt8])? {
        if let descriptor = channel?.rawValue {
            try #require(try isReadable(descriptor), "nothing for 30 s")
        }
        guard try channel?.receive(into: &buffer) == .message else { return nil }
        let descriptors = buffer.countOfDescriptors
        return try buffer.withBytes { (try Frame(decoding: $0, descriptors: descriptors).kind, Array($0)) }
    }

    /// What came with the message that was received last.
    mutating func takeDescriptor() -> OwnedFD? { buffer.takeDescriptor(0) }

    mutating func hello() throws -> Hello {
        let message = try #require(try receive())
        return try message.bytes.withUnsafeBytes { try Frame(decoding: $0).decode() }
    }

    mutating func ask<Request: WireRequest>(_ request: Request) throws -> Result<Request.Reply, Declined> {
        lastID += 1
        try send(request.encoded(id: lastID))
        let message = try #require(try receive())
        return try message.bytes.withUnsafeBytes { raw in
            let frame = try Frame(decoding: raw, descriptors: message.kind.rule.descriptors)
            #expect(frame.header.id == lastID)
            return frame.kind == .declined ? .failure(try frame.decode()) : .success(try frame.decode())
        }
    }

    /// Waits for a batch of records.
    ///
    /// - Returns: how many are in it.
    mutating func takeRecords() throws -> Int {
        let message = try #require(try receive())
        return try message.bytes.withUnsafeBytes { raw in
            var records = try Records(try Frame(decoding: raw))
            while try records.next() != nil {}
            return Int(records.count)
        }
    }

    mutating func close() {
        _ = channel.take()
    }

    /// Closes the channel, and waits for the end.
    ///
    /// - Returns: how it ended, and the lines on its standard error.
    mutating func end(closing: Bool = true) throws -> (ChildEnd, [String]) {
        if closing { close() }
        let end = try #require(try child.end(waiting: true))
        guard let errors = child.takeErrorOutput() else { return (end, []) }
        return (end, try readToEnd(errors).split(separator: "\n").map(String.init))
    }
}

/// Everything that is written to a pipe until its last writer is gone. A child that another thread is starting holds it
/// too, for a moment.
func readToEnd(_ pipe: borrowing OwnedFD) throws -> String {
    var output: [UInt8] = []
    var isAtEnd = false
    while !isAtEnd {
        try #require(try isReadable(pipe.rawValue), "neither output nor its end for 30 s")
        isAtEnd = try withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            let count = try pipe.read(into: buffer)
            output += buffer[..<count]
            return count == 0
        }
    }
    return String(decoding: output, as: UTF8.self)
}

/// Waits until a descriptor has something to read, or its end; false after half a minute.
private func isReadable(_ descriptor: Int32) throws -> Bool {
    var waiting = PollSet()
    _ = waiting.add(descriptor)
    for _ in 0..<30 where try waiting.wait(timeout: 1_000_000_000) > 0 { return true }
    return false
}
