import Foundation
import HelperKit
import Testing

@Suite struct MapMakersTests {
    @Test(arguments: [
        ("0\n", true), ("0", true), ("1\n", false), ("2\n", false), ("", false), ("\n0", false), ("00\n", false),
    ])
    func settings(_ text: String, _ isEverybody: Bool) {
        #expect(MapMakers.isEverybody(Array(text.utf8)) == isEverybody)
    }

    @Test func thisHost() throws {
        let setting = try? String(contentsOfFile: "/proc/sys/kernel/unprivileged_bpf_disabled", encoding: .utf8)
        if setting?.first == "0" {
            let fault = #expect(throws: HelperFault.self) { try MapMakers.requirePrivileged() }
            #expect(fault?.exitCode == .unavailable && fault?.message.contains(". Remedy: sysctl ") == true)
        } else {
            try MapMakers.requirePrivileged()
        }
    }
}
