internal import CLibBPF
internal import HelperKit
internal import LibBPF
internal import LinuxSys
internal import Wire

/// The program at the ingress of each interface, also of those that appear later. Its links leave with this process.
struct Ingress: ~Copyable {
    private var watch: InterfaceWatch
    private let program: Int32
    private var links: [UInt32: Int32] = [:]
    private var isFull = false

    /// Interfaces; a host with more has them all watched but the last ones.
    private static let most = 512
    /// Datagrams that are looked at before the coordinator is listened to.
    private static let mostInTurn = 64

    /// Attaches nothing yet: `catchUp` does.
    init(program: Int32) throws(HelperFault) {
        watch = try Ingress.watchAll()
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

    var fact: Fact { Fact("interfaces", isFull ? "\(links.count), and more that are not watched" : "\(links.count)") }

    /// Attaches to what is there, and takes note of what came and went.
    mutating func catchUp() throws(HelperFault) {
        for _ in 0..<Ingress.mostInTurn {
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
        case .present(let index): attach(to: index)
        case .gone(let index):
            if let link = links.removeValue(forKey: index) { _ = OwnedFD(adopting: link) }
        case .listed: break
        case .refused(let code): throw HelperFault(SysError("list of interfaces", code: code))
        }
    }

    private mutating func attach(to index: UInt32) {
        guard links[index] == nil else { return }
        guard links.count < Ingress.most else {
            isFull = true
            return
        }
        let link = hilo_ingress_attach(program, index)
        // It may be gone by now, or have no place left. Connections whose answers are not seen are not enrolled again.
        if link >= 0 { links[index] = link }
    }
}
