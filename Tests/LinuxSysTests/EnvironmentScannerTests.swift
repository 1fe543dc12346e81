import LinuxSys
import Testing

@Suite struct EnvironmentScannerTests {
    /// What is found, the text taken in pieces of that many bytes.
    private func scan(
        _ environment: String, piece: Int = 1 << 20, longest: Int = 100, complete: Bool = true
    ) -> (name: String?, attributes: String?, skipped: Bool) {
        var scanner = EnvironmentScanner(
            names: ["OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"], longestValue: longest)
        let bytes = Array(environment.utf8)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            scanner.take(bytes[start..<min(start + piece, bytes.count)])
        }
        scanner.finish(complete: complete)
        return (scanner[0], scanner[1], scanner.skippedLongValue)
    }

    @Test(arguments: [1, 2, 3, 7, 16, 1000])
    func bothAmongOthersInPiecesOfAnySize(_ piece: Int) {
        let found = scan(
            "PATH=/bin\0OTEL_SERVICE_NAME=shop\0SECRET=OTEL_SERVICE_NAME=no\0OTEL_RESOURCE_ATTRIBUTES=a=b,c=d\0Z=\0",
            piece: piece)
        #expect(found.name == "shop")
        #expect(found.attributes == "a=b,c=d")
        #expect(!found.skipped)
    }

    @Test(arguments: [
        "", "\0\0\0", "OTEL_SERVICE_NAME\0", "XOTEL_SERVICE_NAME=x\0", "OTEL_SERVICE_NAMES=x\0", "OTEL_SERVICE_NAM=x\0",
        "A=1\nOTEL_SERVICE_NAME=x\0", "=OTEL_SERVICE_NAME=x\0", "otel_service_name=x\0",
    ])
    func namesThatAreNot(_ environment: String) {
        #expect(scan(environment).name == nil)
    }

    @Test func theFirstOneCounts() {
        #expect(scan("OTEL_SERVICE_NAME=a\0OTEL_SERVICE_NAME=b\0").name == "a")
    }

    @Test func anEmptyValueIsAValue() {
        #expect(scan("OTEL_SERVICE_NAME=\0").name == "")
    }

    @Test func valuesThatAreTooLongAreLeftOutAndSaidSo() {
        let value = String(repeating: "x", count: 100)
        #expect(scan("OTEL_SERVICE_NAME=\(value)\0").name == value)
        let found = scan("OTEL_SERVICE_NAME=\(value)y\0OTEL_RESOURCE_ATTRIBUTES=k\0")
        #expect(found.name == nil && found.skipped)
        #expect(found.attributes == "k")
    }

    @Test func theLastEntryWithoutItsEnd() {
        #expect(scan("OTEL_SERVICE_NAME=shop").name == "shop")
        #expect(scan("OTEL_SERVICE_NAME=sho", complete: false).name == nil)
    }
}
