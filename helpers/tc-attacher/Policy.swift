internal import HelperKit
internal import Wire

/// Nothing may be asked of the tc-attacher: it has done what there is to do when it greets.
extension TCAttacher {
    static let requests: [MessageKind] = []

    mutating func answer(_ request: Frame, for coordinator: borrowing Coordinator) throws(HelperFault)
        -> Coordinator.Answer
    {
        throw HelperFault(.fault, "\(request.kind) is no request that this helper answers")
    }
}
