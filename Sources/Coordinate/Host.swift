public import Assemble
import Discover
import Glibc
import LinuxSys
public import Settings

/// The machine that hilo runs on.
public enum Host {
    static func identity(_ settings: AttributeSettings) -> HostIdentity {
        HostIdentity(name: settings.hostName ?? name, id: settings.hostID ?? machineID)
    }

    /// hilo itself, as a service that is measured.
    public static func ownResource(_ settings: Settings, version: String) -> Resource {
        let (host, process) = (identity(settings.attributes), ProcessControl.processID)
        var resource = Resource(settings.resourceAttributes.map { ($0.name, .string($0.value)) })
        resource["service.name"] = "hilo"
        resource["service.version"] = .string(version)
        resource["service.instance.id"] = .string("\(host.name):\(process)")
        resource["host.name"] = .string(host.name)
        if let id = host.id { resource["host.id"] = .string(id) }
        resource["os.type"] = "linux"
        resource["process.pid"] = .int(Int64(process))
        return resource
    }

    private static var name: String { systemNames?.node ?? "localhost" }

    /// Release of the kernel, as uname -r says.
    public static var kernelRelease: String { systemNames?.release ?? "unknown" }

    private static var systemNames: (node: String, release: String)? {
        var names = utsname()
        guard uname(&names) == 0 else { return nil }
        func text<Field>(_ field: Field) -> String {
            withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return (text(names.nodename), text(names.release))
    }

    /// The text of /etc/machine-id (machine-id(5)); nil where there is none, as in many containers.
    private static var machineID: String? {
        do throws(SysError) {
            let bytes = try HeldDirectory("/etc").contents(of: "machine-id", atMost: 128)
            let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            return text.isEmpty ? nil : text
        } catch {
            return nil
        }
    }
}
