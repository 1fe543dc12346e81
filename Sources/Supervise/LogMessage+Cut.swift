public import Wire

extension LogMessage {
    /// As much of it as that many bytes hold: its sentence first, then its facts.
    public func cut(to bytes: Int) -> LogMessage {
        var left = bytes
        let message = message.cut(to: &left)
        return LogMessage(level: level, message: message, facts: facts.cut(to: &left))
    }
}

extension Hello {
    /// With as much of what was probed as that many bytes hold.
    func cut(to bytes: Int) -> Hello {
        var left = bytes
        return Hello(
            abiVersion: abiVersion, helper: helper, capabilities: capabilities, probed: probed.cut(to: &left))
    }
}

extension [Fact] {
    /// Those for which bytes are left; a fact takes some of its own, so that empty ones are not for nothing.
    fileprivate func cut(to left: inout Int) -> [Fact] {
        var kept: [Fact] = []
        for fact in self {
            left -= 8
            guard left > 0 else { break }
            kept.append(Fact(fact.name.cut(to: &left), fact.value.cut(to: &left)))
        }
        return kept
    }
}

extension String {
    /// Its beginning, and a sign that there was more when it takes more bytes than are left.
    fileprivate func cut(to left: inout Int) -> String {
        let bytes = utf8
        guard bytes.count > left else {
            left -= bytes.count
            return self
        }
        var end = bytes.index(startIndex, offsetBy: left)
        while end.samePosition(in: unicodeScalars) == nil { end = bytes.index(before: end) }
        left = 0
        return "\(self[..<end])…"
    }
}
