internal import BPFABI
internal import CLibBPF
internal import HelperKit
internal import LinuxSys
internal import Wire

/// What the event-reader does when it is asked: three operations on maps whose descriptors it kept.
extension EventReader {
    mutating func configure(
        _ asked: ConfigureRequest, _ request: Frame, _ coordinator: borrowing Coordinator
    ) throws(HelperFault) -> Coordinator.Answer {
        guard let map = capture?.settings else { throw HelperFault(.fault, "Nothing is loaded") }
        var key: UInt32 = 0
        let answer: Int32 = asked.settings.withUnsafeBytes {
            bpf_map_update_elem(map, &key, $0.baseAddress, UInt64(BPF_ANY))
        }
        guard answer == 0 else {
            return try coordinator.decline(
                request, Declined(.refused, errno: -answer, text: "bpf_map_update_elem settings"))
        }
        return try coordinator.reply(to: request, with: ConfigureReply())
    }

    /// A process that is selected again keeps what is known of it.
    mutating func select(
        _ asked: SelectRequest, _ request: Frame, _ coordinator: borrowing Coordinator
    ) throws(HelperFault) -> Coordinator.Answer {
        guard let map = capture?.selected else { throw HelperFault(.fault, "Nothing is loaded") }
        var full: UInt32 = 0
        for change in asked.changes {
            var tgid = change.tgid
            switch change.action {
            case .add:
                var blank = hilo_selected_process()
                let answer = bpf_map_update_elem(map, &tgid, &blank, UInt64(BPF_NOEXIST))
                if answer != 0, answer != -Errno.exists { full += 1 }
            case .remove:
                _ = bpf_map_delete_elem(map, &tgid)
            }
        }
        return try coordinator.reply(to: request, with: SelectReply(full: full))
    }

    mutating func count(
        _ asked: CountRequest, _ request: Frame, _ coordinator: borrowing Coordinator
    ) throws(HelperFault) -> Coordinator.Answer {
        guard let map = capture?.counters, let processors = capture?.processors else {
            throw HelperFault(.fault, "Nothing is loaded")
        }
        var totals: [UInt64] = []
        var perProcessor = [UInt64](repeating: 0, count: processors)
        for index in 0..<UInt32(CountReply.size) {
            var key = index
            let answer: Int32 = perProcessor.withUnsafeMutableBytes { bpf_map_lookup_elem(map, &key, $0.baseAddress) }
            guard answer == 0 else {
                return try coordinator.decline(
                    request, Declined(.refused, errno: -answer, text: "bpf_map_lookup_elem counters"))
            }
            totals.append(perProcessor.reduce(0, &+))
        }
        return try coordinator.reply(to: request, with: CountReply(counters: totals))
    }
}
