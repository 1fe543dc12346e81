import Settings
import Testing

@Suite struct SpoolSettingsTests {
    private let endpoint = "otel_traces_export: {endpoint: 'http://c:4318'}\n"

    @Test func thereIsNoneUnlessItIsAskedFor() throws {
        #expect(try Loading(endpoint).get().spool == SpoolSettings(directory: nil, maxBytes: 256 << 20))
    }

    @Test func itIsReadFromFileAndEnvironment() throws {
        let yaml = endpoint + "spool: {directory: /var/spool/hilo, max_bytes: 1GiB}"
        #expect(try Loading(yaml).get().spool == SpoolSettings(directory: "/var/spool/hilo", maxBytes: 1 << 30))
        let environment = ["OTEL_EBPF_SPOOL_DIRECTORY": "/elsewhere", "OTEL_EBPF_SPOOL_MAX_BYTES": "1048576"]
        let loading = Loading(yaml, environment: environment)
        #expect(try loading.get().spool == SpoolSettings(directory: "/elsewhere", maxBytes: 1 << 20))
        #expect(loading.warnings.isEmpty)
    }

    @Test func withoutACollectorItHasNoEffect() {
        #expect(
            Loading("spool: {directory: /s}").warningTexts == [
                "hilo.yaml:1:20: spool.directory: has no effect: spans go to no collector; set "
                    + "OTEL_EXPORTER_OTLP_ENDPOINT"
            ])
    }

    @Test func whatHasNoEffectIsSaid() {
        #expect(
            Loading(endpoint + "spool: {max_bytes: 1GiB}").warningTexts == [
                "hilo.yaml:2:20: spool.max_bytes: has no effect without a directory; "
                    + "set spool.directory, or use --spool"
            ])
        let loading = Loading(endpoint, environment: ["OTEL_EBPF_SPOOL_MAX_BYTES": "1GiB"])
        #expect(loading.warnings.count == 1 && loading.warnings.allSatisfy(\.isAboutSpool))
    }

    @Test func aRelativePathIsSaid() {
        #expect(
            Loading(endpoint + "spool: {directory: relative/x}").warningTexts == [
                "hilo.yaml:2:20: spool.directory: is relative to wherever hilo is started; write an absolute path"
            ])
    }

    @Test(arguments: [
        ("{max_bytes: -1}", "1:20: spool.max_bytes: -1 is out of range"),
        ("{max_bytes: 99999999999999999999}", "1:20: spool.max_bytes: 99999999999999999999 is out of range"),
        ("{max_bytes: '-'}", "1:20: spool.max_bytes: '-' is not a size"),
        ("{max_bytes: MiB}", "1:20: spool.max_bytes: 'MiB' is not a size"),
        ("{max_bytes: 1023KiB}", "1:20: spool.max_bytes: 1023KiB is not between 1MiB and 1024GiB"),
        ("{max_bytes: 2048GiB}", "1:20: spool.max_bytes: 2048GiB is not between 1MiB and 1024GiB"),
        ("{max_bytes: lots}", "1:20: spool.max_bytes: 'lots' is not a size"),
    ])
    func sizesHaveBounds(_ text: String, _ fault: String) {
        #expect(Loading("spool: \(text)").faultTexts == ["hilo.yaml:\(fault); write a size such as 256MiB"])
    }

    @Test func aNearNameIsOffered() {
        #expect(
            Loading("spool: {dir: /s, max_byte: 1}").faultTexts.last
                == "hilo.yaml:1:18: spool.max_byte: is not a known key; did you mean 'spool.max_bytes'?")
    }
}
