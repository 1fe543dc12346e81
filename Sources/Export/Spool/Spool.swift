import LinuxSys

/// Batches that wait on the disk for their collector, in order of age: they survive the end of this process, whatever
/// ends it.
///
/// ``SpoolIndex`` decides and ``SpoolFormat`` knows the bytes; this is the shell that owns the files. What a crash can
/// cost: the batch that is being written then; and the batch that was delivered last may be delivered again. A segment
/// is on the disk when it is closed (fsync), so that a loss of power can cost the one that was written to.
public actor Spool {
    let directory: HeldDirectory
    private let thread = SpoolThread()
    var index: SpoolIndex
    /// The files of the segments that are written to and read from: of each at most one.
    private var writing: SpoolFile?
    private var reading: SpoolFile?
    var report = SpoolReport()

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Opens and locks a directory, and makes it where only its last part is missing. Nothing in it is looked at yet.
    ///
    /// - Parameters:
    ///   - path: of a directory that belongs to this process's user, and which nobody else may open.
    ///   - maxBytes: what all files of the spool may take together.
    public init(directory path: String, maxBytes: Int) throws(SpoolError) {
        directory = try SpoolDirectory.open(path)
        index = SpoolIndex(maxBytes: maxBytes)
    }

    /// Writes a batch behind all others.
    ///
    /// - Parameter then: called before anything else happens in the spool.
    package func append(
        _ body: [UInt8], spans: UInt64, then: @Sendable (SpoolWriting, SpoolReport) -> Void
    ) {
        let outcome = write(body, spans: spans)
        then(outcome, takeReport())
    }

    /// The batch that waits longest. It stays, and no other may be asked for, until ``settle(_:isGone:then:)``.
    ///
    /// - Parameter then: called before anything else happens in the spool.
    /// - Returns: nil when nothing is left, or it cannot be read at present.
    package func next(then: @Sendable (SpoolEntry?, SpoolReport) -> Void) -> SpoolEntry? {
        let entry = find()
        if let entry { index.take(from: entry.segment) }
        dispose()
        then(entry, takeReport())
        return entry
    }

    /// - Parameters:
    ///   - isGone: whether the batch is not to be given out again.
    ///   - then: called before anything else happens in the spool.
    package func settle(_ entry: SpoolEntry, isGone: Bool, then: @Sendable (SpoolReport) -> Void) {
        index.release()
        if isGone {
            index.pass(entry.segment, size: entry.size, spans: entry.spans)
            note { () throws(SysError) in
                try file(entry.segment).descriptor
                    .write(SpoolFormat.deliveredState, at: entry.offset + SpoolFormat.stateOffset)
            }
        }
        dispose()
        then(takeReport())
    }

    /// Sees to it that all is on the disk.
    package func close() -> SpoolReport {
        closeSegment()
        reading = nil
        return takeReport()
    }

    // MARK: - Writing

    private func write(_ body: [UInt8], spans: UInt64) -> SpoolWriting {
        guard var bytes = SpoolFormat.entry(body, spans: spans), makeRoom(for: bytes.count + SpoolFormat.headerSize)
        else { return .tooLarge }
        let place = index.place(for: bytes.count)
        if place.isNew {
            closeSegment()
            bytes = SpoolFormat.header + bytes
        }
        do throws(SysError) {
            let file = try place.isNew ? create(place.number) : file(place.number)
            do throws(SysError) {
                try file.descriptor.write(bytes, at: place.offset)
            } catch {
                undo(place, file)
                throw error
            }
            index.wrote(bytes.count, spans: spans, at: place)
            return .written
        } catch {
            report.failures.append(error)
            return .failed
        }
    }

    private func create(_ number: UInt64) throws(SysError) -> SpoolFile {
        let file = SpoolFile(number, try directory.create(SpoolName(number).text))
        writing = file
        return file
    }

    /// Takes back what was written of an entry. Where even that fails, the segment ends there and reads as torn.
    private func undo(_ place: SpoolIndex.Place, _ file: SpoolFile) {
        if place.isNew {
            writing = nil
            note { () throws(SysError) in try directory.remove(SpoolName(place.number).text) }
        } else {
            let isWhole = note { () throws(SysError) in try file.descriptor.truncate(to: place.offset) }
            if !isWhole { closeSegment() }
        }
    }

    private func closeSegment() {
        index.close()
        guard let file = writing else { return }
        writing = nil
        note { () throws(SysError) in
            try file.descriptor.synchronize()
            try directory.synchronize()
        }
    }

    // MARK: - Room

    func makeRoom(for size: Int) -> Bool {
        while true {
            switch index.makeRoom(for: size) {
            case .enough: return true
            case .none: return false
            case .removeAside(let number): remove(SpoolName(number, isDamaged: true))
            case .remove(let number, let spans):
                report.overflow += spans
                remove(SpoolName(number))
            }
        }
    }

    /// Removes, or sets aside, what has nothing left to deliver.
    func dispose() {
        while let disposal = index.dispose() {
            switch disposal {
            case .remove(let number): remove(SpoolName(number))
            case .setAside(let number):
                forget(number)
                note { () throws(SysError) in
                    try directory.rename(
                        SpoolName(number).text, to: SpoolName(number, isDamaged: true).text)
                }
            }
        }
    }

    private func remove(_ name: SpoolName) {
        forget(name.number)
        note { () throws(SysError) in try directory.remove(name.text) }
    }

    private func forget(_ number: UInt64) {
        if writing?.number == number { writing = nil }
        if reading?.number == number { reading = nil }
    }

    // MARK: - Reading

    private func find() -> SpoolEntry? {
        while let segment = index.front {
            do throws(SysError) {
                if let entry = try read(segment) { return entry }
            } catch {
                report.failures.append(error)
                if error.isPassing { return nil }
                damage(segment.number)
                report.unreadable += index.end(segment.number)
            }
        }
        return nil
    }

    /// The next entry of a segment; nil: look again.
    private func read(_ segment: SpoolIndex.Segment) throws(SysError) -> SpoolEntry? {
        let file = try file(segment.number)
        switch try file.step(at: segment.cursor, size: segment.size) {
        case .entry(let entry) where entry.isDelivered:
            index.pass(segment.number, size: entry.size, spans: 0)
        case .entry(let entry):
            let start = segment.cursor + SpoolFormat.entryHeaderSize
            let body = try file.descriptor.bytes(at: start, count: entry.length)
            if body.count == entry.length, SpoolFormat.checksum(body[...]) == entry.checksum {
                return SpoolEntry(body: body, spans: entry.spans, segment: segment.number, offset: segment.cursor)
            }
            damage(segment.number)
            report.unreadable += entry.spans
            index.pass(segment.number, size: entry.size, spans: entry.spans)
        case .end, .torn, .damaged:
            // Spans were counted that are not there.
            damage(segment.number)
            report.unreadable += index.end(segment.number)
        }
        return nil
    }

    private func damage(_ number: UInt64) {
        if index.damage(number) { report.damaged += 1 }
    }

    // MARK: - Files

    private func file(_ number: UInt64) throws(SysError) -> SpoolFile {
        if let writing, writing.number == number { return writing }
        if let reading, reading.number == number { return reading }
        let file = SpoolFile(number, try directory.openForWriting(SpoolName(number).text))
        reading = file
        return file
    }

    /// - Returns: whether the system did it.
    @discardableResult func note(_ body: () throws(SysError) -> Void) -> Bool {
        do throws(SysError) {
            try body()
            return true
        } catch {
            report.failures.append(error)
            return false
        }
    }

    func takeReport() -> SpoolReport {
        defer { report = SpoolReport() }
        return report
    }
}
