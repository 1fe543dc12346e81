internal import BPFABI
internal import HelperKit

/// Which hooks the capture programs hang on.
enum Hooks: String, CaseIterable {
    /// Programs are at work already: nothing is loaded, and their maps come over the channel.
    case inherited
    /// The first of the following that this kernel takes.
    case auto
    case socket
    case fentry
    case syscall
}

/// What the coordinator decided before loading: `--hooks auto|socket|fentry|syscall|inherited
/// --ring-bytes N --table-scale N --carriers N --tls 0|1`.
struct Arguments {
    /// Room for the records of more than a second at 10,000 exchanges a second.
    static let defaultRingBytes: UInt32 = 4 << 20
    /// It is the kernel's memory, and whoever may execute this helper may ask for it.
    static let ringBytes: ClosedRange<UInt32> = 4096...(64 << 20)

    /// A table of 8 times the default size takes 8 times the kernel's memory: see `bpf/maps`.
    static let tableScale: ClosedRange<Int> = -3...3

    var hooks = Hooks.auto
    var ringBytes = Arguments.defaultRingBytes
    /// Every table holds two to this power times as many entries as its definition says.
    var tableScale = 0
    /// What carries contexts to other services: `enum hilo_propagation`, or-ed.
    var carriers: UInt32 = 0
    /// Whether what TLS is followed by is shared.
    var followsTLS = false

    init(_ words: [String]) throws(HelperFault) {
        var rest = words[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else {
                throw HelperFault(.usage, "\(name) needs a value")
            }
            switch name {
            case "--hooks":
                guard let hooks = Hooks(rawValue: value) else {
                    let names = Hooks.allCases.map(\.rawValue).joined(separator: ", ")
                    throw HelperFault(.usage, "--hooks is one of \(names); not '\(value)'")
                }
                self.hooks = hooks
            case "--ring-bytes":
                guard let bytes = UInt32(value), Arguments.ringBytes.contains(bytes), bytes.nonzeroBitCount == 1 else {
                    throw HelperFault(
                        .usage, "--ring-bytes is a power of two from 4096 to 67108864, not '\(value)'")
                }
                ringBytes = bytes
            case "--table-scale":
                guard let scale = Int(value), Arguments.tableScale.contains(scale) else {
                    throw HelperFault(.usage, "--table-scale is a whole number from -3 to 3, not '\(value)'")
                }
                tableScale = scale
            case "--carriers":
                let all = HILO_PROPAGATE_ALL.rawValue
                guard let carriers = UInt32(value), carriers <= all else {
                    throw HelperFault(.usage, "--carriers is a number from 0 to \(all), not '\(value)'")
                }
                self.carriers = carriers
            case "--tls":
                guard value == "0" || value == "1" else { throw HelperFault(.usage, "--tls is 0 or 1, not '\(value)'") }
                followsTLS = value == "1"
            default:
                throw HelperFault(.usage, "Unknown argument '\(name)'")
            }
        }
    }
}
