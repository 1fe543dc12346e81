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
    private let programs: Programs
    private var links: [Place: Int32] = [:]
    private let most: Int
    private var isFull = false
    /// While the kernel names all: those that it has named.
    private var named: Set<UInt32>? = []
    /// What came was lost, and all are to be asked for as soon as the kernel has named those that it names now.
    private var asksAgain = false

    /// Links, where that many descriptors are free; a host with more interfaces has them all watched but the last ones.
    private static let most = 1024
    /// Descriptors for everything else.
    private static let spared = 256
    /// Datagrams that are looked at before the coordinator is listened to.
    private static let mostInTurn = 64

    /// Attaches nothing yet: `catchUp` does.
    init(_ programs: Programs) throws(HelperFault) {
        let room = try Interfaces.roomForLinks()
        watch = try Interfaces.watchAll()
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
                try askForAll()
                continue
            } catch {
                throw HelperFault(error)
            }
            guard let messages else { return }
            for message in messages { try follow(message) }
        }
    }

    private mutating func askForAll() throws(HelperFault) {
        guard named == nil else {
            asksAgain = true
            return
        }
        do throws(SysError) { try watch.askForAll() } catch { throw HelperFault(error) }
        named = []
    }

    private mutating func follow(_ message: InterfaceMessages.Message) throws(HelperFault) {
        switch message {
        case .present(let index, let leadsElsewhere):
            named?.insert(index)
            attach(programs.ingress, Place(interface: index, side: HILO_INGRESS))
            if leadsElsewhere { attach(programs.egress, Place(interface: index, side: HILO_EGRESS)) }
        case .gone(let index): detach { $0 == index }
        case .listed: try allAreNamed()
        // It still names those that were asked for before.
        case .refused(Errno.busy): asksAgain = true
        case .refused(let code): throw HelperFault(SysError("list of interfaces", code: code))
        }
    }

    private mutating func allAreNamed() throws(HelperFault) {
        guard let present = named else { return }
        named = nil
        if asksAgain {
            asksAgain = false
            return try askForAll()
        }
        detach { !present.contains($0) }
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
