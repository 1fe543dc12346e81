internal import CLibBPF
internal import HelperKit
internal import LibBPF
internal import LinuxSys
internal import Wire

/// Programs at each interface, also of those that appear later: one at its ingress, and where it leads to another
/// network namespace (to a container, say) one at its egress, which is what comes in there. Their links leave with this
/// process.
struct Interfaces: ~Copyable {
    struct Programs {
        let ingress: Int32
        let egress: Int32
    }

    private struct Place: Hashable {
        let interface: UInt32
        let side: hilo_interface_side
    }

    private var watch: InterfaceWatch
    private var census = InterfaceCensus()
    private let programs: Programs
    private var links: [Place: Int32] = [:]
    private let most: Int
    private var isFull = false

    /// Links, where that many descriptors are free; a host with more interfaces has them all watched but the last ones.
    private static let most = 1024
    /// Descriptors for everything else.
    private static let spared = 256
    /// Datagrams that are looked at before the coordinator is listened to.
    private static let mostInTurn = 64

    /// Attaches nothing yet: `catchUp` does.
    init(_ programs: Programs) throws(HelperFault) {
        let room = try Interfaces.roomForLinks()
        watch = try Interfaces.open()
        most = room
        self.programs = programs
    }

    private static func roomForLinks() throws(HelperFault) -> Int {
        do throws(SysError) {
            return min(most, max(0, Int(clamping: try DescriptorLimit.raise()) - spared))
        } catch {
            throw HelperFault(error)
        }
    }

    private static func open() throws(HelperFault) -> InterfaceWatch {
        do throws(SysError) { return try InterfaceWatch() } catch { throw HelperFault(error) }
    }

    var fact: Fact {
        let count = links.keys.count { $0.side == HILO_INGRESS }
        return Fact("interfaces", isFull ? "\(count), and more that are not watched" : "\(count)")
    }

    /// Attaches to what is there, and takes note of what came and went.
    mutating func catchUp() throws(HelperFault) {
        for _ in 0..<Interfaces.mostInTurn {
            let messages: [InterfaceMessages.Message]?
            do throws(SysError) {
                messages = try watch.next()
            } catch where error.code == Errno.noBuffers {
                census.lost()
                continue
            } catch {
                throw HelperFault(error)
            }
            if let messages {
                for message in messages { try follow(message) }
            } else if census.asks {
                guard try askForAll() else { return }
            } else {
                return
            }
        }
    }

    /// - Returns: false where memory is short; at the next wake it is tried again.
    private mutating func askForAll() throws(HelperFault) -> Bool {
        do throws(SysError) {
            try watch.askForAll()
        } catch where Errno.ofShortage.contains(error.code) {
            return false
        } catch {
            throw HelperFault(error)
        }
        census.asked()
        return true
    }

    private mutating func follow(_ message: InterfaceMessages.Message) throws(HelperFault) {
        switch message {
        case .present(let index, let leadsElsewhere):
            census.present(index)
            attach(programs.ingress, Place(interface: index, side: HILO_INGRESS))
            if leadsElsewhere { attach(programs.egress, Place(interface: index, side: HILO_EGRESS)) }
        case .gone(let index): detach { $0 == index }
        case .listed:
            if let present = census.listed() { detach { !present.contains($0) } }
        case .refused(let code) where code == Errno.busy || Errno.ofShortage.contains(code): census.refused()
        case .refused(let code): throw HelperFault(SysError("list of interfaces", code: code))
        }
    }

    private mutating func detach(where isGone: (UInt32) -> Bool) {
        for (place, link) in links where isGone(place.interface) {
            links[place] = nil
            _ = OwnedFD(adopting: link)
        }
    }

    private mutating func attach(_ program: Int32, _ place: Place) {
        guard links[place] == nil else { return }
        guard links.count < most else {
            isFull = true
            return
        }
        let link = hilo_interface_attach(program, place.interface, place.side)
        // It may be gone by now, or have no place left. Connections whose answers are not seen are not enrolled again.
        if link >= 0 { links[place] = link }
    }
}
