import BPFABI
public import Settings
public import TraceContext
public import Wire

/// What the capture programs are told: `struct hilo_settings` of bpf/abi/control.h.
public struct KernelSettings: Hashable {
    /// HILO_ABI_VERSION of the records that this build reads.
    public static let abiVersion = UInt32(HILO_ABI_VERSION)

    public var isEnabled = true
    public var sampler: Sampler
    /// Who begins to listen on one of these is traced at once.
    public var ports: PortSet

    public init(sampler: Sampler, ports: PortSet) {
        self.sampler = sampler
        self.ports = ports
    }

    /// The bytes of the struct: four u32, a u64, and a bit for each port. Swift does not import it whole, since an
    /// array of 8192 elements is too long for a tuple.
    public var request: ConfigureRequest {
        let numbers = sampler.kernelSettings
        var bits = [UInt8](repeating: 0, count: 8192)
        for port in ports.ranges.joined() { bits[Int(port >> 3)] |= 1 << UInt8(port & 7) }
        let count = ports.ranges.reduce(0) { $0 + UInt32($1.count) }
        let head =
            [isEnabled ? 1 : 0, numbers.sampler, numbers.parentBased ? 1 : 0, count].flatMap(littleEndian)
            + littleEndian(numbers.ratioThreshold)
        return ConfigureRequest(settings: head + bits)
    }
}

private func littleEndian<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
