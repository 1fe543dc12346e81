import Supervise
import Testing
import Wire

@Suite struct InstallationTests {
    @Test(arguments: [
        ("/opt/hilo/bin/hilo", "/opt/hilo/libexec/hilo/hilo-event-reader"),
        ("/usr/bin/hilo", "/usr/libexec/hilo/hilo-event-reader"),
        ("/bin/hilo", "/libexec/hilo/hilo-event-reader"),
        ("/hilo", "/libexec/hilo/hilo-event-reader"),
    ])
    func helpersAreFoundFromTheCommand(_ command: String, _ helper: String) {
        #expect(Installation(executable: command).path(of: .eventReader) == helper)
    }

    @Test func samplesAreShared() {
        #expect(Installation(executable: "/opt/hilo/bin/hilo").shared("demo") == "/opt/hilo/share/hilo/demo")
    }
}
