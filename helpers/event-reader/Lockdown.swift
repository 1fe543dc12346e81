internal import LinuxSys

/// How far the kernel is locked down (kernel_lockdown(7)).
enum Lockdown {
    /// `none`, `integrity` or `confidentiality`: the word in brackets. Nil where securityfs is not there.
    static func mode() -> Substring? {
        do throws(SysError) {
            let directory = try HeldDirectory("/sys/kernel/security")
            let text = String(decoding: try directory.contents(of: "lockdown", atMost: 256), as: UTF8.self)
            return text.split(separator: "[").last?.split(separator: "]").first
        } catch {
            return nil
        }
    }
}
