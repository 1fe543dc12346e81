internal import CLibBPF
internal import HelperKit
internal import LibBPF
internal import LinuxSys
internal import Wire

/// The program at each interface, also of those that appear later: at its ingress, and where it leads to another
/// network namespace (to a container, say) at its egress, which is what comes in there. Its links leave with this
/// process.
struct Interfaces: ~Copyable {
    private enum Side { case ingress, egress }

    private struct Place: Hashable {
        let interface: UInt32
        let side: Side
    }

    private var watch: InterfaceWatch
    private let program: Int32
    private var links: [Place: Int32] = [:]
    private var isFull = false

    /// Links; a host with more interfaces has them all watched but the last ones.
    private static let most = 1024
    /// Datagrams that are looked at before the coordinator is listened to.
    private static let mostInTurn = 64

    /// Attaches nothing yet: `catchUp` does.
    init(program: Int32) throws(HelperFault) {
        watch = try Interfaces.watchAll()
        self.program = program
    }

    private static func watchAll() throws(HelperFault) -> InterfaceWatch {
        do throws(SysError) {
            let watch = try InterfaceWatch()
            try watch.askForAll()
            return watch
        } catch {
            throw HelperFault(error)
        }
    }

    var fact: Fact {
        let count = links.keys.count { $0.side == .ingress }
        return Fact("interfaces", isFull ? "\(count), and more that are not watched" : "\(count)")
    }

    /// Attaches to what is there, and takes note of what came and went.
    mutating func catchUp() throws(HelperFault) {
        for _ in 0..<Interfaces.mostInTurn {
            let messages: [InterfaceMessages.Message]?
            do throws(SysError) {
                messages = try watch.next()
            } catch where error.code == Errno.noBuffers {
                do throws(SysError) { try watch.askForAll() } catch { throw HelperFault(error) }
                continue
            } catch {
                throw HelperFault(error)
            }
            guard let messages else { return }
            for message in messages { try follow(message) }
        }
    }

    private mutating func follow(_ message: InterfaceMessages.Message) throws(HelperFault) {
        switch message {
        case .present(let index, let leadsElsewhere):
            attach(Place(interface: index, side: .ingress))
            if leadsElsewhere { attach(Place(interface: index, side: .egress)) }
        case .gone(let index):
            for side in [Side.ingress, .egress] {
                if let link = links.removeValue(forKey: Place(interface: index, side: side)) {
                    _ = OwnedFD(adopting: link)
                }
            }
        case .listed: break
        case .refused(let code): throw HelperFault(SysError("list of interfaces", code: code))
        }
    }

    private mutating func attach(_ place: Place) {
        guard links[place] == nil else { return }
        guard links.count < Interfaces.most else {
            isFull = true
            return
        }
        let link = hilo_interface_attach(program, place.interface, place.side == .egress ? 1 : 0)
        // It may be gone by now, or have no place left. Connections whose answers are not seen are not enrolled again.
        if link >= 0 { links[place] = link }
    }
}
