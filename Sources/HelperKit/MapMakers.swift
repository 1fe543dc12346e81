internal import LinuxSys
internal import Wire

/// Who can make maps on this host, and so have some to lend that no event-reader has made.
///
/// Programs believe what is in the maps that they work on, and leave there what no process is to read or change: an
/// event-reader has made them so. That holds as long as nobody without a privilege could have made others.
public enum MapMakers {
    /// - Throws: `HelperFault` where every user can.
    public static func requirePrivileged() throws(HelperFault) {
        let text: [UInt8]
        do throws(SysError) {
            text = try HeldDirectory("/proc/sys/kernel").contents(of: "unprivileged_bpf_disabled", atMost: 64)
        } catch where error.code == Errno.noEntry {
            // A kernel that was built without that setting.
            return
        } catch {
            throw HelperFault(error)
        }
        guard isEverybody(text) else { return }
        throw HelperFault(
            .unavailable,
            "Every user of this host may use bpf (kernel.unprivileged_bpf_disabled is 0), and so lend maps that are "
                + "not capture's: what no process is to see would be left in them. Remedy: sysctl "
                + "kernel.unprivileged_bpf_disabled=2, or 1, which stays until the next boot")
    }

    /// - Parameter text: what the setting's file holds.
    public static func isEverybody(_ text: [UInt8]) -> Bool {
        text.prefix { $0 != UInt8(ascii: "\n") }.elementsEqual("0".utf8)
    }
}
