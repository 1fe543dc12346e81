internal import HelperKit
internal import LinuxSys

/// In which network namespaces processes are, by the numbers that this one has for them. What is known of a process is
/// asked for again after a while: it may have got a number since, or be another process.
struct Networks: ~Copyable {
    private var numbers: NetworkNumbers
    private var known: [UInt32: (number: Int32, asked: UInt64)] = [:]

    private static let validity: UInt64 = 1_000_000_000
    /// Processes; then all are forgotten.
    private static let most = 4096

    /// Before other descriptors are many: that of `NetworkNumbers` has to be free.
    init() throws(HelperFault) {
        do throws(SysError) {
            numbers = try NetworkNumbers()
        } catch {
            throw HelperFault(error)
        }
    }

    /// - Returns: below 0 for this namespace, and where it has no number.
    mutating func number(of process: UInt32, at now: UInt64) throws(HelperFault) -> Int32 {
        if let found = known[process], now - found.asked < Networks.validity { return found.number }
        do throws(SysError) {
            let number = try numbers.number(of: process)
            if known.count >= Networks.most { known.removeAll(keepingCapacity: true) }
            known[process] = (number, now)
            return number
        } catch {
            throw HelperFault(error)
        }
    }
}
