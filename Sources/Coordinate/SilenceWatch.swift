import BPFABI

/// Notices services that are traced and of which nothing comes: once each, after a minute.
///
/// A service whose other processes are heard of is not silent: the master of a server that forks workers never speaks.
/// Pure; times are nanoseconds of a clock that does not go back.
public struct SilenceWatch: Hashable, Sendable {
    public static let patience: UInt64 = 60_000_000_000
    /// Services that are watched or remembered.
    public static let mostServices = 4096

    private struct Service: Hashable, Sendable {
        let since: UInt64
        var processes: Set<UInt32>
        var isSettled = false
    }

    /// At most `mostServices`: a process can take another name as often as it likes.
    private var services: [String: Service] = [:]
    /// Those that are settled and have no process.
    private var idle: Set<String> = []
    private var serviceOfProcess: [UInt32: String] = [:]

    public init() {}

    public mutating func traced(_ process: UInt32, service: String, now: UInt64) {
        forget(process)
        serviceOfProcess[process] = service
        guard services[service] != nil || makeRoom() else { return }
        services[service, default: Service(since: now, processes: [])].processes.insert(process)
        idle.remove(service)
    }

    public func service(of process: UInt32) -> String? { serviceOfProcess[process] }

    /// A service that finds no room is not watched.
    private mutating func makeRoom() -> Bool {
        if services.count < SilenceWatch.mostServices { return true }
        guard let name = idle.popFirst() else { return false }
        services[name] = nil
        return true
    }

    public mutating func forget(_ process: UInt32) {
        guard let name = serviceOfProcess.removeValue(forKey: process) else { return }
        services[name]?.processes.remove(process)
        guard let service = services[name], service.processes.isEmpty else { return }
        // One that was settled stays so: it is not to be noticed again each time it is started.
        if service.isSettled {
            idle.insert(name)
        } else {
            services[name] = nil
        }
    }

    /// Something came from these processes.
    public mutating func heard(_ processes: Set<UInt32>) {
        for process in processes {
            if let name = serviceOfProcess[process] { services[name]?.isSettled = true }
        }
    }

    /// Services that have been silent for long enough, by name, with one of their processes. Each is named once.
    public mutating func overdue(now: UInt64) -> [(service: String, process: UInt32)] {
        var found: [(service: String, process: UInt32)] = []
        for (name, service) in services where !service.isSettled && now &- service.since >= SilenceWatch.patience {
            if let process = service.processes.min() { found.append((name, process)) }
        }
        for (name, _) in found { services[name]?.isSettled = true }
        return found.sorted { $0.service < $1.service }
    }

    public var countOfProcesses: Int { serviceOfProcess.count }
    public var countOfServices: Int { services.count }

    /// The likeliest reason, from what the capture programs counted since the run began.
    public static func guess(_ counters: KernelCounters) -> String {
        if counters[HILO_COUNT_EXCHANGES] == 0, counters[HILO_COUNT_UNSAMPLED] > 0 {
            return "the sampler (or the callers' traceparent) leaves every trace out"
        }
        if counters[HILO_COUNT_NO_USER_BUFFER] > 0 {
            return "it may read with io_uring or splice, where the bytes cannot be seen"
        }
        if counters[HILO_COUNT_FRAMING_LOST] > 0 {
            return "it may speak another protocol than HTTP/1"
        }
        return "it had no request, or it speaks TLS, HTTP/2 or another protocol than HTTP/1"
    }
}
