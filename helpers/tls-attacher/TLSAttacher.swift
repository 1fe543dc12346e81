internal import HelperKit
internal import LibBPF
internal import LinuxSys
internal import Wire

/// Loads the programs that follow TLS over the maps that capture's programs work on, gives up every privilege, and from
/// then on attaches them where it is asked to: to OpenSSL's functions in a file, which it looks for itself, in one
/// process. Who asks chooses the file and the process, and nothing else.
struct TLSAttacher: HelperService, ~Copyable {
    static let manifest = HelperManifest.tlsAttacher

    private let arguments: Arguments
    private var object: [UInt8] = []
    private var loans: Loans?
    private var programs: TLSPrograms?
    private var file: OwnedFD?

    init(arguments: [String]) throws(HelperFault) {
        self.arguments = try Arguments(arguments)
    }

    mutating func open() throws(HelperFault) {
        object = try ObjectFile.read("tls.bpf.o", of: "The TLS programs")
    }

    mutating func receive(from coordinator: borrowing Coordinator) throws(HelperFault) {
        loans = try Loans(from: coordinator) {
            SharedMaps.namesForTLS(trustedSockets: SharedMaps.areOfTrustedSockets($0))
        }
    }

    mutating func load(for coordinator: borrowing Coordinator) throws(HelperFault) {
        guard var loans = loans.take() else { throw HelperFault(.fault, "Nothing was lent") }
        programs = try TLSPrograms(object, carriers: arguments.carriers, loans)
        loans.giveBack()
        object = []
    }

    func probed() -> [Fact] {
        [Fact(Fact.tls, Fact.tlsFollowed)]
    }

    mutating func take(_ descriptor: consuming OwnedFD) {
        file = consume descriptor
    }

    mutating func answer(
        _ frame: Frame, for coordinator: borrowing Coordinator
    ) throws(HelperFault) -> Coordinator.Answer {
        guard frame.kind == .attach else {
            throw HelperFault(.fault, "A request of the policy has no operation: \(frame.kind)")
        }
        let request: AttachRequest
        do throws(WireError) {
            request = try frame.decode()
        } catch {
            throw HelperFault(error)
        }
        guard let file = file.take(), let programs else { throw HelperFault(.fault, "There is nothing to attach") }
        let links: AttachedLinks
        do throws(Declined) {
            links = try Operations.attach(programs, to: file, of: request.process)
        } catch {
            return try coordinator.decline(frame, error)
        }
        return try coordinator.reply(
            to: frame, with: AttachReply(functions: links.functions),
            descriptors: [links.begins.rawValue, links.returns.rawValue])
    }
}
