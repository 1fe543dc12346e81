import Discover
import Settings
import Wire

/// A machine with processes, a kernel side that traces some of them, and a process-inspector, all of them played.
struct Machine {
    struct Process {
        var description: ProcessDescription
        var environmentIsReadable = true
    }

    var discovery: Discovery
    var processes: [UInt32: Process] = [:]
    /// What the kernel side traces.
    private(set) var selected: Set<UInt32> = []
    private(set) var resources: [UInt32: [String: ResourceAttribute.Value]] = [:]
    private(set) var notices: [DiscoveryNotice] = []
    private(set) var disowned: [UInt32] = []
    private(set) var described: [DescribeRequest] = []
    /// Questions that nobody has answered.
    private(set) var open: [DiscoveryAction] = []
    /// How many processes the process-inspector lists at once.
    var pageSize = 3
    private let kernelPorts: PortSet
    private var clock: UInt64 = 1000

    init(
        _ settings: DiscoverySettings, own: Set<UInt32> = [], limits: Discovery.Limits = .init(),
        attributes: [NamedValue] = []
    ) {
        kernelPorts = Discovery.kernelPorts(settings)
        discovery = Discovery(
            settings: settings, host: HostIdentity(name: "box", id: "0123"), version: "1.2.3",
            resourceAttributes: attributes, ownProcesses: own, limits: limits)
    }

    // MARK: What happens on the machine

    /// Puts a process there that nobody was told about.
    @discardableResult
    mutating func add(
        _ pid: UInt32, _ executable: String, arguments: [String] = [], ports: [UInt16] = [], parent: UInt32 = 1,
        serviceName: String? = nil, attributes: String? = nil, cgroup: String = "0::/init.scope\n"
    ) -> ProcessInstance {
        clock += 1
        let instance = ProcessInstance(pid: pid, startTime: clock)
        processes[pid] = Process(
            description: ProcessDescription(
                process: instance, parentPID: parent, uid: 1000, executable: executable,
                commandLine: Array(([executable] + arguments).map { $0 + "\0" }.joined().utf8),
                cgroup: Array(cgroup.utf8), command: String(executable.suffix(15)), listeningPorts: ports,
                serviceName: serviceName, resourceAttributes: attributes))
        return instance
    }

    mutating func exec(
        _ pid: UInt32, _ executable: String, arguments: [String] = [], keepingPorts: Bool = false
    ) -> (ProcessHappening, UInt32, Bool) {
        processes[pid]?.description.executable = executable
        processes[pid]?.description.commandLine = Array(([executable] + arguments).map { $0 + "\0" }.joined().utf8)
        if !keepingPorts { processes[pid]?.description.listeningPorts = [] }
        return (.exec, pid, selected.contains(pid))
    }

    /// Nil unless the kernel side reports it: of processes that are not traced it does not.
    mutating func fork(_ parent: UInt32, _ child: UInt32) -> (ProcessHappening, UInt32, Bool)? {
        guard var copy = processes[parent] else { return nil }
        clock += 1
        copy.description.process = ProcessInstance(pid: child, startTime: clock)
        copy.description.parentPID = parent
        processes[child] = copy
        guard selected.contains(parent) else { return nil }
        selected.insert(child)
        return (.fork(parent: parent), child, true)
    }

    mutating func listen(_ pid: UInt32, _ port: UInt16) -> (ProcessHappening, UInt32, Bool) {
        processes[pid]?.description.listeningPorts.append(port)
        if kernelPorts.contains(port) { selected.insert(pid) }
        return (.listen(port: port), pid, selected.contains(pid))
    }

    mutating func exit(_ pid: UInt32) -> (ProcessHappening, UInt32, Bool)? {
        processes[pid] = nil
        for child in processes.keys where processes[child]?.description.parentPID == pid {
            processes[child]?.description.parentPID = 1
        }
        return selected.remove(pid) == nil ? nil : (.exit, pid, true)
    }

    // MARK: What the coordinator does

    /// Hands an event over, without answering what it leads to.
    mutating func report(_ event: (ProcessHappening, UInt32, Bool)?) {
        guard let event else { return }
        perform(discovery.take(event.0, of: event.1, isTraced: event.2))
    }

    /// Does what can be done at once, and keeps questions.
    mutating func perform(_ actions: [DiscoveryAction]) {
        for action in actions {
            switch action {
            case .scan, .describe: open.append(action)
            case .select(let pid): selected.insert(pid)
            case .deselect(let pid): selected.remove(pid)
            case .setResource(let pid, let attributes):
                resources[pid] = Dictionary(uniqueKeysWithValues: attributes.map { ($0.name, $0.value) })
            case .forget(let pid): resources[pid] = nil
            case .disown(let pid):
                resources[pid] = nil
                disowned.append(pid)
            case .programChanged: break
            case .notice(let notice): notices.append(notice)
            }
        }
    }

    /// Answers one question as things are now.
    mutating func answer(_ index: Int = 0) {
        switch open.remove(at: index) {
        case .scan(let request):
            let page = processes.values.map(\.description.process).filter { $0.pid > request.afterPID }
                .sorted { $0.pid < $1.pid }
            perform(discovery.take(ScanReply(processes: Array(page.prefix(pageSize)), more: page.count > pageSize)))
        case .describe(let request):
            described.append(request)
            guard let process = processes[request.pid],
                request.startTime == 0 || request.startTime == process.description.process.startTime
            else {
                perform(discovery.describeFailed(request.pid))
                return
            }
            var description = process.description
            if !request.wants.contains(.ports) { description.listeningPorts = [] }
            if !request.wants.contains(.environment) {
                (description.serviceName, description.resourceAttributes) = (nil, nil)
            }
            perform(discovery.take(description))
        default: break
        }
    }

    /// Answers until nothing is asked any more.
    mutating func settle() {
        repeat {
            while !open.isEmpty { answer() }
            perform(discovery.tick())
        } while !open.isEmpty
    }

    mutating func dropQuestions() {
        open = []
    }

    /// The process-inspector ends, or is too slow.
    ///
    /// - Parameter only: nil for whatever was asked.
    mutating func leaveUnanswered(_ only: UInt32? = nil) {
        let questions = open
        open = []
        for question in questions {
            if case .describe(let request) = question, only == nil || only == request.pid {
                perform(discovery.describeUnanswered(request.pid))
            } else if only != nil {
                open.append(question)
            }
        }
    }

    mutating func loseSelection() {
        selected = []
    }

    mutating func report(andSettle event: (ProcessHappening, UInt32, Bool)?) {
        report(event)
        settle()
    }

    mutating func start() {
        perform(discovery.scan())
        settle()
    }

    func text(_ pid: UInt32, _ name: String) -> String? {
        if case .string(let value) = resources[pid]?[name] { value } else { nil }
    }
}
