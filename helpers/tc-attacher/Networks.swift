internal import HelperKit
internal import LinuxSys

/// In which network namespaces processes are, by the numbers that this one has for them. What is known of a process is
/// asked for again after a while: it may have got a number since, have gone elsewhere, or be another process.
struct Networks: ~Copyable {
    /// nil: every process is taken for one in this namespace.
    private var numbers: NetworkNumbers?
    /// Asked for once: serving, this process may make few system calls.
    private let ownProcess = UInt32(bitPattern: ProcessControl.processID)
    private var known: [UInt32: (number: Int32, asked: UInt64)] = [:]

    /// This one, or one without a number (BPF_F_CURRENT_NETNS).
    static let own: Int32 = -1

    private static let validity: UInt64 = 1_000_000_000
    /// Processes; then all are forgotten.
    private static let most = 4096

    /// Before other descriptors are many: that of `NetworkNumbers` has to be free.
    ///
    /// - Parameter areAsked: whether anybody wants to know.
    init(areAsked: Bool) throws(HelperFault) {
        numbers = areAsked ? try Networks.open() : nil
    }

    private static func open() throws(HelperFault) -> NetworkNumbers {
        do throws(SysError) { return try NetworkNumbers() } catch { throw HelperFault(error) }
    }

    /// The cookie of this one; 0 where nobody wants to know.
    borrowing func cookie() throws(HelperFault) -> UInt64 {
        do throws(SysError) { return try numbers?.cookie() ?? 0 } catch { throw HelperFault(error) }
    }

    mutating func number(of process: UInt32, at now: UInt64) throws(HelperFault) -> Int32 {
        if let found = known[process], now - found.asked < Networks.validity { return found.number }
        guard let number = try ask(process) else { return Networks.own }
        if known.count >= Networks.most { known.removeAll(keepingCapacity: true) }
        known[process] = (number, now)
        return number
    }

    /// - Returns: nil where the kernel could not say.
    private mutating func ask(_ process: UInt32) throws(HelperFault) -> Int32? {
        do throws(SysError) {
            switch try numbers?.number(of: process) ?? .none {
            case .none: return Networks.own
            case .failed: return nil
            case .number(let number):
                let own = try numbers?.number(of: ownProcess) ?? .none
                return own == .failed ? nil : own == .number(number) ? Networks.own : number
            }
        } catch where Errno.ofShortage.contains(error.code) {
            return nil
        } catch {
            throw HelperFault(error)
        }
    }
}
