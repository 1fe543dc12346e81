internal import BPFABI
internal import HelperKit

/// What the coordinator decided before loading: `--carriers N`, `enum hilo_propagation`, or-ed; 0 where contexts are
/// not passed on.
struct Arguments {
    private(set) var carriers: UInt32

    private static let all = HILO_PROPAGATE_ALL.rawValue

    init(_ words: [String]) throws(HelperFault) {
        guard words.count == 2, words[0] == "--carriers" else {
            throw HelperFault(.usage, "The arguments are --carriers and a number")
        }
        guard let carriers = UInt32(words[1]), carriers & ~Arguments.all == 0 else {
            throw HelperFault(.usage, "--carriers is a number from 0 to \(Arguments.all), not '\(words[1])'")
        }
        self.carriers = carriers
    }
}
