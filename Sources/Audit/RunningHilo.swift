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

    /// Finds every `hilo run` there is.
    ///
    /// - Parameter pid: only that one, whatever it is.
    /// - Throws: `SysError` when /proc cannot be read.
    public static func find(pid: Int32? = nil) throws(SysError) -> [RunningHilo] {
        let table = try processes()
        let coordinators = table.filter { pid == nil ? $0.isCoordinator : $0.pid == pid }
        return coordinators.compactMap { coordinator in
            guard let observed = observe(coordinator) else { return nil }
            let children = table.filter { $0.parent == coordinator.pid }.compactMap(observe)
            return RunningHilo(
                coordinator: observed, children: children.sorted { ($0.name, $0.pid) < ($1.name, $1.pid) })
        }
    }

    private struct Row {
        let pid: Int32
        let parent: Int32
        let name: String
        let isCoordinator: Bool
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
                isCoordinator: name == SteadyState.coordinator.name && arguments.dropFirst().contains("run"))
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
