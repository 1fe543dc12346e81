/// The version of this build: the command, its helpers and the capture programs are one.
enum Version {
    static let text = "0.1.0"
}
