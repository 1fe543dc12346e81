import LinuxSys

/// Batches that are read: each once in order of age, and those that were given out before again.
extension Spool {
    /// The oldest that was not given out yet.
    func find() -> SpoolReading {
        while let segment = index.front {
            do throws(SysError) {
                if let entry = try read(segment) { return .entry(entry) }
            } catch {
                report.failures.append(error)
                if error.isPassing { return .nothing }
                damage(segment.number)
                report.unreadable += index.end(segment.number)
            }
        }
        return .nothing
    }

    /// One that was given out before.
    func again(_ batch: StoredBatch) -> SpoolReading {
        guard let segment = index.segments.first(where: { $0.number == batch.segment }) else { return .lost }
        do throws(SysError) {
            let file = try file(segment.number)
            if case .entry(let entry) = try file.step(at: batch.offset, size: segment.size),
                entry.spans == batch.spans, let whole = try body(of: entry, in: file, at: batch.offset)
            {
                return .entry(whole)
            }
        } catch {
            report.failures.append(error)
            if error.isPassing { return .nothing }
        }
        damage(batch.segment)
        report.unreadable += batch.spans
        index.settle(batch.segment, spans: batch.spans)
        return .lost
    }

    /// The next entry of a segment; nil: look again.
    private func read(_ segment: SpoolIndex.Segment) throws(SysError) -> SpoolEntry? {
        let file = try file(segment.number)
        switch try file.step(at: segment.cursor, size: segment.size) {
        case .entry(let entry) where entry.isDelivered:
            index.pass(segment.number, size: entry.size, spans: 0)
        case .entry(let entry) where entry.spans <= segment.unread:
            let whole = try body(of: entry, in: file, at: segment.cursor)
            index.pass(segment.number, size: entry.size, spans: entry.spans)
            if let whole { return whole }
            damage(segment.number)
            report.unreadable += entry.spans
            index.settle(segment.number, spans: entry.spans)
        case .entry, .end, .torn, .damaged:
            // What was counted is not what is there, though its checksums may be right.
            damage(segment.number)
            report.unreadable += index.end(segment.number)
        }
        return nil
    }

    /// Nil for a body that is not the one that was written.
    private func body(
        of entry: SpoolFormat.Entry, in file: SpoolFile, at offset: Int
    ) throws(SysError) -> SpoolEntry? {
        let body = try file.descriptor.bytes(at: offset + SpoolFormat.entryHeaderSize, count: entry.length)
        guard body.count == entry.length, SpoolFormat.checksum(body[...]) == entry.checksum else { return nil }
        return SpoolEntry(body: body, batch: StoredBatch(segment: file.number, offset: offset, spans: entry.spans))
    }

    private func damage(_ number: UInt64) {
        if index.damage(number) { report.damaged += 1 }
    }
}
