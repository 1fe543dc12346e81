import LinuxSys

/// What an earlier run left.
extension Spool {
    /// Looks at what is there; to be called once, before anything else. A damaged segment stops nothing.
    package func recover() -> SpoolRecovery {
        var recovery = SpoolRecovery()
        for name in names(&recovery).sorted() {
            guard let known = SpoolName(parsing: name) else {
                recovery.foreign.append(name)
                continue
            }
            adopt(known, &recovery)
        }
        recovery.spans = index.spans
        recovery.segments = UInt64(index.segments.count { $0.spans > 0 })
        dispose()
        // The limit may have been a higher one.
        note { () throws(SysError) in _ = try makeRoom(for: 0) }
        recovery.report = takeReport()
        return recovery
    }

    private func names(_ recovery: inout SpoolRecovery) -> [String] {
        var names: [String] = []
        note { () throws(SysError) in
            try directory.forEachName {
                names.append(String(decoding: $0, as: UTF8.self))
                return true
            }
        }
        return names
    }

    private func adopt(_ name: SpoolName, _ recovery: inout SpoolRecovery) {
        do throws(SysError) {
            let file = SpoolFile(name.number, try directory.openForWriting(name.text))
            let status = try file.descriptor.fileStatus()
            // Another name of the same file may be somebody's who does not expect a change.
            guard status.isRegular, status.owner == Account.effectiveUserID, status.links == 1 else {
                recovery.foreign.append(name.text)
                return index.reserve(name.number)
            }
            if name.isDamaged { return index.adoptAside(name.number, size: status.size) }
            let segment = try survey(file, size: status.size, &recovery)
            guard let segment else {
                recovery.foreign.append(name.text)
                return index.reserve(name.number)
            }
            index.adopt(segment)
        } catch {
            recovery.foreign.append(name.text)
            index.reserve(name.number)
        }
    }

    /// Nil for a segment of another version.
    private func survey(
        _ file: SpoolFile, size: Int, _ recovery: inout SpoolRecovery
    ) throws(SysError) -> SpoolIndex.Segment? {
        var spans: UInt64 = 0
        let end: SpoolFormat.Step
        switch SpoolFormat.readHeader(try file.descriptor.bytes(at: 0, count: min(size, SpoolFormat.headerSize))) {
        case .unknownVersion: return nil
        case .torn: end = .torn
        case .damaged: end = .damaged
        case .segment: end = try walk(file, size: size, &spans)
        }
        var segment = SpoolIndex.Segment(number: file.number, size: size, spans: spans)
        if end == .torn { recovery.torn += 1 }
        if end == .damaged {
            segment.isDamaged = true
            report.damaged += 1
        }
        return segment
    }

    /// Goes from entry to entry without reading their bodies, and adds up what waits.
    ///
    /// - Returns: what is behind the last one.
    private func walk(_ file: SpoolFile, size: Int, _ spans: inout UInt64) throws(SysError) -> SpoolFormat.Step {
        var offset = SpoolFormat.headerSize
        while true {
            let step = try file.step(at: offset, size: size)
            guard case .entry(let entry) = step else { return step }
            if !entry.isDelivered { spans += entry.spans }
            offset += entry.size
        }
    }
}
