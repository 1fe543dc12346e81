import Glibc
import LinuxSys
import Supervise
import Wire

extension Scene.Programs {
    /// Looks for what the demo needs, as the user who will run it.
    ///
    /// - Throws: `Leaving` that names all that is missing, and the packages that have it.
    static func find(_ environment: [String: String]) throws(Leaving) -> Scene.Programs {
        // Debian keeps nginx in sbin, which an ordinary user's PATH leaves out.
        let directories =
            (environment["PATH"] ?? "").split(separator: ":").map { String($0) } + [
                "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin",
            ]
        func path(of name: String) -> String? {
            directories.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
        }
        let found = ["python3", "curl", "nginx"].map { ($0, path(of: $0)) }
        let missing = found.filter { $0.1 == nil }.map(\.0)
        guard missing.isEmpty, let python = found[0].1, let curl = found[1].1, let nginx = found[2].1 else {
            throw Leaving(
                .unavailable,
                "error: the demo needs \(missing.joined(separator: " and ")), which cannot be found. Remedy: as root, "
                    + "apt-get install \(missing.joined(separator: " "))")
        }
        let samples = Installation.ofThisProcess().shared("demo")
        guard access("\(samples)/nginx.py", R_OK) == 0 else {
            throw Leaving(
                .fault,
                "error: the sample services are not at \(samples). Remedy: run hilo from a tree that make stage built"
            )
        }
        return Scene.Programs(python: python, curl: curl, nginx: nginx, samples: samples)
    }
}
