public import LinuxSys
internal import Wire

/// The processes of one running hilo: a coordinator and its children.
public struct RunningHilo: Hashable, Sendable {
    public let coordinator: Observation
    /// By name. A child that is no part of hilo is among them too.
    public let children: [Observation]

    public init(coordinator: Observation, children: [Observation]) {
        self.coordinator = coordinator
        self.children = children
    }

    private init?(_ coordinator: Row, among table: [Row]) {
        guard let observed = RunningHilo.observe(coordinator) else { return nil }
        let children = table.filter { $0.parent == coordinator.pid }.compactMap(RunningHilo.observe)
        self.init(coordinator: observed, children: children.sorted { ($0.name, $0.pid) < ($1.name, $1.pid) })
    }

    /// What there is of hilo on this machine.
    public struct Survey: Hashable, Sendable {
        /// Every `hilo run` of this installation, or that cannot be told from one.
        public var running: [RunningHilo] = []
        /// Other programs of that name, whose manifests are their own affair.
        public var foreign: [Observation] = []
        /// Helpers that no hilo has started. Whoever may execute a helper can: it has its privileges all the same.
        public var stray: [Observation] = []

        public init() {}
    }

    /// Looks at every process.
    ///
    /// - Parameter pid: only that `hilo run`.
    /// - Throws: `SysError` when /proc cannot be read.
    public static func find(pid: Int32? = nil) throws(SysError) -> Survey {
        let table = try processes()
        let coordinators = table.filter(\.isCoordinator)
        var survey = Survey()
        for coordinator in coordinators where pid == nil || pid == coordinator.pid {
            if pid == nil, coordinator.isSameProgram == false {
                survey.foreign += [observe(coordinator)].compactMap { $0 }
            } else if let hilo = RunningHilo(coordinator, among: table) {
                survey.running.append(hilo)
            }
        }
        // hilo doctor starts helpers, too.
        let parents = Set(
            table.filter { $0.name == SteadyState.coordinator.name && $0.isSameProgram != false }.map(\.pid)
                + survey.foreign.map(\.pid))
        let names = Set(HelperManifest.helpers.map(\.name))
        // One without capabilities on its file has only the name of a helper.
        let stray = table.filter {
            names.contains($0.name) && !parents.contains($0.parent) && $0.hasFileCapabilities != false
        }
        if pid == nil { survey.stray = stray.compactMap(observe) }
        return survey
    }

    private struct Row {
        let pid: Int32
        let parent: Int32
        let name: String
        let isCoordinator: Bool
        /// Nil when this process may not know.
        let isSameProgram: Bool?
        let hasFileCapabilities: Bool?
    }

    /// Every process, in ascending order.
    private static func processes() throws(SysError) -> [Row] {
        var numbers: [Int32] = []
        try HeldDirectory("/proc").forEachName { name in
            if let number = Int32(String(decoding: name, as: UTF8.self)) { numbers.append(number) }
            return true
        }
        return numbers.sorted().compactMap(row)
    }

    /// nil for a process that has gone.
    ///
    /// Who may see the link to the executable goes by that; who may not, by the command line, which a process can
    /// change.
    private static func row(of pid: Int32) -> Row? {
        do throws(SysError) {
            let observer = try ProcessObserver(pid: pid)
            let arguments = try observer.arguments()
            let called = arguments.first?.split(separator: "/").last.map { String($0) } ?? ""
            let program = observer.executableName() ?? called
            // The starter is the hilo program under another name.
            let name = program == SteadyState.coordinator.name && called == SteadyState.starter.name ? called : program
            return Row(
                pid: pid, parent: try observer.parent(), name: name,
                isCoordinator: name == SteadyState.coordinator.name && arguments.dropFirst().contains("run"),
                isSameProgram: observer.runsOwnExecutable(), hasFileCapabilities: observer.hasFileCapabilities())
        } catch {
            return nil
        }
    }

    private static func observe(_ row: Row) -> Observation? {
        do throws(SysError) {
            return try ProcessObserver(pid: row.pid).observe(as: row.name)
        } catch {
            return nil
        }
    }
}
