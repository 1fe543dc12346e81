import Coordinate
import Settings
import Testing
import TraceContext
import Wire

/// The bytes of `struct hilo_settings`, read as bpf/abi/control.h writes them down.
@Suite struct KernelSettingsTests {
    private func word(_ bytes: [UInt8], at offset: Int, count: Int = 4) -> UInt64 {
        bytes[offset..<(offset + count)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    @Test func samplers() {
        let cases: [(Sampler, UInt64, UInt64, UInt64)] = [
            (.alwaysOn, 0, 0, 0), (.alwaysOff, 1, 0, 0), (.traceIDRatio(0.5), 2, 0, 1 << 62),
            (.parentBased(root: .alwaysOn), 0, 1, 0), (.parentBased(root: .traceIDRatio(1)), 2, 1, 1 << 63),
        ]
        for (sampler, number, parentBased, threshold) in cases {
            let bytes = KernelSettings(sampler: sampler, ports: PortSet([])).request.settings
            #expect(bytes.count == ConfigureRequest.size)
            #expect(word(bytes, at: 0) == 1)
            #expect(word(bytes, at: 4) == number)
            #expect(word(bytes, at: 8) == parentBased)
            #expect(word(bytes, at: 12) == 0)
            #expect(word(bytes, at: 16, count: 8) == threshold)
        }
    }

    @Test func portsAreBits() {
        let ports = PortSet([1...1, 80...81, 65535...65535])
        let bytes = KernelSettings(sampler: .alwaysOn, ports: ports).request.settings
        #expect(word(bytes, at: 12) == 4)
        let set = (0...65535).filter { (port: Int) -> Bool in
            let byte: UInt8 = bytes[24 + port / 8]
            return byte & (1 << UInt8(port % 8)) != 0
        }
        #expect(set == [1, 80, 81, 65535])
    }

    @Test func allPortsFit() {
        let bytes = KernelSettings(sampler: .alwaysOn, ports: PortSet([1...65535])).request.settings
        #expect(word(bytes, at: 12) == 65535)
        #expect(bytes[24] == 0xFE)
        #expect(bytes[25...].allSatisfy { $0 == 0xFF })
    }

    @Test func switchedOff() {
        var settings = KernelSettings(sampler: .alwaysOn, ports: PortSet([]))
        settings.isEnabled = false
        #expect(settings.request.settings.allSatisfy { $0 == 0 })
    }
}
