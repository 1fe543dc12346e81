import LinuxSys
import Supervise
import Testing
import Wire

@Suite struct FileSurplusTests {
    /// `security.capability` as setcap(8) writes it: revision 2.
    private func file(
        _ permitted: CapabilitySet, inheritable: CapabilitySet = [], isEffective: Bool = false
    ) -> FileCapabilities? {
        let words: [UInt64] = [
            0x0200_0000 | (isEffective ? 1 : 0), permitted.rawValue & 0xffff_ffff, inheritable.rawValue & 0xffff_ffff,
            permitted.rawValue >> 32, inheritable.rawValue >> 32,
        ]
        return FileCapabilities(
            attribute: words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) } })
    }

    private func surplus(_ file: FileCapabilities?, _ manifest: HelperManifest = .eventReader) -> FileSurplus? {
        FileSurplus(of: file, beyond: manifest, at: "/h")
    }

    private let all = HelperManifest.eventReader.loading.union(HelperManifest.eventReader.optional)

    @Test func whatTheManifestHasIsNone() {
        #expect(surplus(file(all)) == nil)
        #expect(surplus(file(.bpf)) == nil)
        #expect(surplus(file([])) == nil)
        #expect(surplus(nil) == nil)
    }

    @Test func anotherCapabilityIs() throws {
        let found = try #require(surplus(file(all.union(CapabilitySet(number: 13)))))
        #expect(found.cause == "/h may gain CAP_NET_RAW, which is more than hilo-event-reader may have")
        #expect(found.remedy == "as root, setcap \(HelperManifest.eventReader.fileCapabilities) /h")
        #expect(surplus(file(all, inheritable: .sysPtrace))?.cause.contains("CAP_SYS_PTRACE") == true)
        #expect(surplus(file(all), .processInspector)?.cause.contains("CAP_BPF") == true)
    }

    @Test func soAreFlags() {
        #expect(surplus(file(all, isEffective: true))?.cause.contains("(=ep)") == true)
        #expect(surplus(file(all, inheritable: .bpf))?.cause.contains("(=i)") == true)
    }

    @Test func aTornAttributeIsNone() {
        #expect(FileCapabilities(attribute: [UInt8](repeating: 0xff, count: 19)) == nil)
    }
}
