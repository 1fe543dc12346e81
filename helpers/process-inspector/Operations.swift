import HelperKit
import LinuxSys
import Wire

/// What the process-inspector does: opening, and reading within bounds. It follows no path that a process chose, and
/// of what it reads it understands only what decides which lines are handed over.
enum Operations {
    /// One page of processes, in ascending order.
    static func scan(_ proc: borrowing HeldDirectory, _ request: ScanRequest) -> Result<ScanReply, Declined> {
        do throws(SysError) {
            var pids: [UInt32] = []
            try proc.forEachName { name in
                if let pid = UInt32(String(decoding: name, as: UTF8.self)), pid > request.afterPID { pids.append(pid) }
                return true
            }
            pids.sort()
            var processes: [ProcessInstance] = []
            var more = false
            for pid in pids {
                guard processes.count < ScanReply.pageSize else {
                    more = true
                    break
                }
                guard let name = Policy.directoryName(of: pid), let stat = statIfAlive(proc, name) else { continue }
                processes.append(ProcessInstance(pid: pid, startTime: stat.startTime))
            }
            return .success(ScanReply(processes: processes, more: more))
        } catch {
            return .failure(Declined(.refused, errno: error.code, text: "\(error)"))
        }
    }

    /// A process that ended between the listing and this call is simply not there.
    private static func statIfAlive(_ proc: borrowing HeldDirectory, _ name: String) -> ProcessStat? {
        do throws(SysError) {
            let stat = ProcessStat(try proc.contents(of: "\(name)/stat", atMost: Bounds.stat))
            return stat.flatMap { $0.isKernelThread || $0.hasEnded ? nil : $0 }
        } catch {
            return nil
        }
    }

    /// One process.
    static func describe(
        _ proc: borrowing HeldDirectory, _ tables: inout ListeningTables, _ request: DescribeRequest
    ) -> Result<ProcessDescription, Declined> {
        do throws(Declined) {
            let held = try HeldProcess(proc, request.pid, startTime: request.startTime)
            return .success(
                try Declined.translating { () throws(SysError) in
                    try description(of: held.directory, &tables, held.stat, request)
                })
        } catch {
            return .failure(error)
        }
    }

    /// A file that a process has mapped as code, by its name.
    static func library(
        _ proc: borrowing HeldDirectory, _ request: LibraryRequest
    ) throws(Declined) -> OpenedLibrary {
        let held = try HeldProcess(proc, request.process.pid, startTime: request.process.startTime)
        return try Declined.translating { () throws(SysError) in
            let executable = String(decoding: try held.directory.linkTarget("exe"), as: UTF8.self)
            let files = try MappedFile.all(in: try held.directory.open("maps"), executable: executable)
            guard files.indices.contains(Int(request.index)) else {
                throw SysError("openat", "file \(request.index)", code: LibraryRequest.noMore)
            }
            let file = files[Int(request.index)]
            let left = files.count - 1 - Int(request.index)
            return OpenedLibrary(
                path: String(file.path.prefix(Bounds.path)), left: UInt8(clamping: left),
                file: try file.named(below: held.directory))
        }
    }

    private static func description(
        of directory: borrowing HeldDirectory, _ tables: inout ListeningTables, _ stat: ProcessStat,
        _ request: DescribeRequest
    ) throws(SysError) -> ProcessDescription {
        let status = ProcessStatus(try directory.contents(of: "status", atMost: Bounds.status))
        let userIDs = status.decimals("Uid")
        guard userIDs.count > 1, let uid = UInt32(exactly: userIDs[1]) else {
            throw SysError("read", "status", code: Errno.noData)
        }
        var found = ProcessDescription(
            process: ProcessInstance(pid: request.pid, startTime: stat.startTime), parentPID: stat.parentPID, uid: uid,
            command: String(decoding: stat.command, as: UTF8.self))

        let (commandLine, complete) = try directory.beginning(of: "cmdline", atMost: Bounds.commandLine)
        found.commandLine = commandLine
        if !complete { found.notes.insert(.commandLineTruncated) }
        found.cgroup = try directory.beginning(of: "cgroup", atMost: Bounds.cgroup).bytes
        if let target = unlessRefused({ () throws(SysError) in try directory.linkTarget("exe") }) {
            found.executable = String(decoding: target, as: UTF8.self)
        } else {
            found.notes.insert(.executableUnreadable)
        }
        if request.wants.contains(.ports) {
            addPorts(of: directory, isNews: request.startTime == 0, &tables, to: &found)
        }
        if request.wants.contains(.environment) { addEnvironment(of: directory, to: &found) }
        return found
    }

    /// The two variables of OpenTelemetry, and no other.
    private static func addEnvironment(of directory: borrowing HeldDirectory, to found: inout ProcessDescription) {
        var scanner = EnvironmentScanner(
            names: ["OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"], longestValue: Bounds.variable)
        do throws(SysError) {
            let file = try directory.open("environ")
            let complete = try file.forEachChunk(atMost: Bounds.environment) { piece in
                scanner.take(piece)
                return true
            }
            scanner.finish(complete: complete)
            found.serviceName = scanner[0]
            found.resourceAttributes = scanner[1]
            if !complete || scanner.skippedLongValue { found.notes.insert(.environmentTruncated) }
        } catch {
            found.notes.insert(.environmentUnreadable)
        }
    }

    /// The sockets among its descriptors that its network namespace lists as listening. One that is not listed may be
    /// another kind of socket, or left out of a table that is too long.
    private static func addPorts(
        of directory: borrowing HeldDirectory, isNews: Bool, _ tables: inout ListeningTables,
        to found: inout ProcessDescription
    ) {
        do throws(SysError) {
            let sockets = try socketInodes(of: directory, &found.notes)
            if sockets.isEmpty { return }
            let table = try tables.table(of: directory, isNews: isNews)
            let listed = sockets.compactMap { table.sockets.portByInode[$0] }
            let ports = Set(listed).sorted()
            found.listeningPorts = Array(ports.prefix(Bounds.ports))
            if ports.count > Bounds.ports || (table.sockets.isTruncated && listed.count < sockets.count) {
                found.notes.insert(.portsTruncated)
            }
        } catch {
            found.notes.insert(.portsUnreadable)
        }
    }

    private static func socketInodes(
        of directory: borrowing HeldDirectory, _ notes: inout ProcessDescription.Notes
    ) throws(SysError) -> [UInt64] {
        let descriptors = try directory.directory("fd")
        var inodes: [UInt64] = []
        var looked = 0
        try descriptors.forEachName { name in
            looked += 1
            guard looked <= Bounds.descriptors else { return false }
            let link = String(decoding: name, as: UTF8.self)
            // One that was closed meanwhile is none.
            if let target = unlessRefused({ () throws(SysError) in try descriptors.linkTarget(link) }),
                let inode = ListeningSockets.inode(ofLink: target)
            {
                inodes.append(inode)
            }
            return true
        }
        if looked > Bounds.descriptors { notes.insert(.portsTruncated) }
        return inodes
    }

    /// nil when the kernel refuses, or when what was there a moment ago is gone.
    private static func unlessRefused<Value>(_ read: () throws(SysError) -> Value) -> Value? {
        do throws(SysError) {
            return try read()
        } catch {
            return nil
        }
    }
}
