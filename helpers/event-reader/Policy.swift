internal import HelperKit
internal import LinuxSys
internal import Wire

/// What may be asked of the event-reader. Phase and frequency of each request are in `MessageKind.rule`.
extension EventReader {
    static let requests: [MessageKind] = [.configure, .select, .count]

    mutating func answer(_ request: Frame, for coordinator: borrowing Coordinator) throws(HelperFault)
        -> Coordinator.Answer
    {
        switch request.kind {
        case .configure: try configure(try decode(request), request, coordinator)
        case .select: try select(try decode(request), request, coordinator)
        default: try count(try decode(request), request, coordinator)
        }
    }

    private func decode<Request: WireRequest>(_ frame: Frame) throws(HelperFault) -> Request {
        do throws(WireError) {
            return try frame.decode(Request.self)
        } catch {
            throw HelperFault(error)
        }
    }
}
