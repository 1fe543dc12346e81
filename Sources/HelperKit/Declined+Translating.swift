public import LinuxSys
public import Wire

extension Declined {
    /// What the kernel refuses is declined: as gone, if the process is.
    public static func translating<Result: ~Copyable>(
        _ work: () throws(SysError) -> Result
    ) throws(Declined) -> Result {
        do throws(SysError) {
            return try work()
        } catch {
            let gone = error.code == Errno.noEntry || error.code == Errno.noProcess
            throw Declined(gone ? .gone : .refused, errno: error.code, text: "\(error)")
        }
    }
}
