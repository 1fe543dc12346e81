import Settings
import Wire

/// What the resource of a process says, and where each part of it comes from.
///
/// `service.name` is, in this order: the selector's `name`; the process's OTEL_SERVICE_NAME; `service.name` in its
/// OTEL_RESOURCE_ATTRIBUTES; the name of the service of which it is a worker; the name of the script, module or archive
/// that its interpreter runs; the name of its executable.
struct ResourceRules: Sendable {
    /// The most attributes that are taken from one process: it chooses them.
    private static let mostAttributes = 64
    /// The longest name or value that is taken, in bytes of UTF-8.
    private static let longestText = 1024

    private let host: HostIdentity
    private let version: String
    private let common: [NamedValue]

    /// - Parameters:
    ///   - version: hilo's.
    ///   - common: what every resource says unless the process says otherwise.
    init(host: HostIdentity, version: String, common: [NamedValue]) {
        self.host = host
        self.version = version
        self.common = common
    }

    /// - Parameter worker: the service of which the process is a worker, when it was chosen for that.
    func service(of process: ProcessDescription, selector: Selector, worker: Service?) -> Service {
        let own = attributes(of: process)
        func ownValue(_ name: String) -> String? {
            own.last { $0.name == name && !$0.value.isEmpty }?.value
        }
        let program = Program(process)
        let environmentName = process.serviceName.map(Self.clean).flatMap { $0.isEmpty ? nil : $0 }
        return Service(
            name: selector.name ?? environmentName ?? ownValue("service.name") ?? worker?.name
                ?? Self.clean(program.serviceName.isEmpty ? "unknown_service" : program.serviceName),
            namespace: selector.namespace ?? ownValue("service.namespace") ?? worker?.namespace,
            attributes: own.filter {
                !Self.isSettled($0.name) && $0.name != "service.name" && $0.name != "service.namespace"
            },
            executable: program.path, executableName: program.name, language: program.language,
            containerID: ContainerID.parse(cgroup: process.cgroup))
    }

    /// Everything that is said of one process of a service.
    func attributes(of service: Service, pid: UInt32) -> [ResourceAttribute] {
        var attributes = [ResourceAttribute("service.name", .string(service.name))]
        func add(_ name: String, _ value: String?) {
            guard let value, !value.isEmpty else { return }
            attributes.append(ResourceAttribute(name, .string(value)))
        }
        add("service.namespace", service.namespace)
        if !service.attributes.contains(where: { $0.name == "service.instance.id" }) {
            add("service.instance.id", "\(host.name):\(pid)")
        }
        add("host.name", host.name)
        add("host.id", host.id)
        add("os.type", "linux")
        attributes.append(ResourceAttribute("process.pid", .integer(Int64(pid))))
        add("process.executable.name", service.executableName)
        add("process.executable.path", service.executable)
        add("container.id", service.containerID)
        add("telemetry.sdk.name", "hilo")
        add("telemetry.sdk.language", service.language)
        add("telemetry.sdk.version", version)
        for attribute in service.attributes { add(attribute.name, attribute.value) }
        let known = Set(attributes.map(\.name))
        for attribute in common where !known.contains(attribute.name) { add(attribute.name, attribute.value) }
        return attributes
    }

    /// What a process says of itself in OTEL_RESOURCE_ATTRIBUTES; nothing if it is malformed, as the specification of
    /// resources demands.
    private func attributes(of process: ProcessDescription) -> [NamedValue] {
        guard let text = process.resourceAttributes, let pairs = NamedValue.pairs(inBaggage: text) else { return [] }
        var attributes: [NamedValue] = []
        for pair in pairs where pair.name.utf8.count <= Self.longestText {
            let attribute = NamedValue(name: Self.clean(pair.name), value: Self.clean(pair.value))
            if let index = attributes.firstIndex(where: { $0.name == attribute.name }) {
                attributes[index] = attribute
            } else if attributes.count < Self.mostAttributes {
                attributes.append(attribute)
            }
        }
        return attributes
    }

    /// What hilo knows better than whoever wrote the process's environment.
    private static func isSettled(_ name: String) -> Bool {
        name.hasPrefix("process.") || name.hasPrefix("telemetry.") || name.hasPrefix("os.")
            || ["host.name", "host.id", "container.id"].contains(name)
    }

    /// Without control characters, and not longer than anybody would write it.
    private static func clean(_ text: String) -> String {
        var clean = ""
        for scalar in text.unicodeScalars where scalar.properties.generalCategory != .control {
            guard clean.utf8.count + UTF8.width(scalar) <= longestText else { break }
            clean.unicodeScalars.append(scalar)
        }
        return clean
    }
}

/// What the processes of a service have in common.
struct Service: Sendable, Hashable {
    var name: String
    var namespace: String?
    /// From the process's environment.
    var attributes: [NamedValue]
    var executable: String
    var executableName: String
    var language: String
    var containerID: String?
}

extension Program {
    init(_ process: ProcessDescription) {
        self.init(
            executable: process.executable, command: process.command,
            arguments: Program.arguments(of: process.commandLine))
    }
}

extension UTF8 {
    fileprivate static func width(_ scalar: Unicode.Scalar) -> Int { encode(scalar)?.count ?? 3 }
}
