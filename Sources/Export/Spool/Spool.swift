import LinuxSys

/// Batches that wait on the disk for their collector: they survive the end of this process, whatever ends it. They are
/// given out in order of age, each once; one that was given out stays until it is dealt with, and can be had again.
///
/// ``SpoolIndex`` decides and ``SpoolFormat`` knows the bytes; this is the shell that owns the files. What a crash can
/// cost: the batch that is being written then; and the batch that was delivered last may be delivered again. A segment
/// is on the disk when it is closed (fsync), so that a loss of power can cost the one that was written to.
public actor Spool {
    let directory: HeldDirectory
    private let thread = SpoolThread()
    var index: SpoolIndex
    /// The files of the segments that are written to and read from: of each at most one.
    var writing: SpoolFile?
    var reading: SpoolFile?
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

    /// A batch; no other may be asked for until ``settle(_:isGone:then:)``.
    ///
    /// - Parameters:
    ///   - batch: one that was given out before; nil: the oldest of those that were not.
    ///   - then: called before anything else happens in the spool.
    /// - Returns: nil when there is nothing to settle.
    package func next(_ batch: StoredBatch?, then: @Sendable (SpoolReading, SpoolReport) -> Void) -> SpoolEntry? {
        let reading = if let batch { again(batch) } else { find() }
        var found: SpoolEntry?
        if case .entry(let entry) = reading {
            found = entry
            index.take(from: entry.batch.segment)
        }
        dispose()
        then(reading, takeReport())
        return found
    }

    /// - Parameters:
    ///   - isGone: whether the batch is not to be given out again.
    ///   - then: called before anything else happens in the spool.
    package func settle(_ batch: StoredBatch, isGone: Bool, then: @Sendable (SpoolReport) -> Void) {
        index.release()
        if isGone {
            index.settle(batch.segment, spans: batch.spans)
            note { () throws(SysError) in
                try file(batch.segment).descriptor
                    .write(SpoolFormat.deliveredState, at: batch.offset + SpoolFormat.stateOffset)
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
        guard var bytes = SpoolFormat.entry(body, spans: spans) else { return .tooLarge }
        do throws(SysError) {
            guard try makeRoom(for: bytes.count + SpoolFormat.headerSize) else { return .tooLarge }
            let place = index.place(for: bytes.count)
            if place.isNew {
                closeSegment()
                bytes = SpoolFormat.header + bytes
            }
            let file = try place.isNew ? create(place.number) : file(place.number)
            do throws(SysError) {
                try file.descriptor.write(bytes, at: place.offset)
            } catch {
                undo(bytes.count, at: place, file)
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

    /// Takes back what was written of an entry. Where even that fails, the segment ends there and reads as torn, and
    /// the bytes count.
    private func undo(_ size: Int, at place: SpoolIndex.Place, _ file: SpoolFile) {
        let isUndone: Bool
        if place.isNew {
            writing = nil
            isUndone = note { () throws(SysError) in try directory.remove(SpoolName(place.number).text) }
        } else {
            isUndone = note { () throws(SysError) in try file.descriptor.truncate(to: place.offset) }
        }
        guard !isUndone else { return }
        index.wrote(size, spans: 0, at: place)
        closeSegment()
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

    /// - Returns: false when there is none, whatever goes.
    /// - Throws: where a file cannot be removed; then nothing of it is lost.
    func makeRoom(for size: Int) throws(SysError) -> Bool {
        while true {
            switch index.makeRoom(for: size) {
            case .enough: return true
            case .none: return false
            case .removeAside(let number): try remove(SpoolName(number, isDamaged: true))
            case .remove(let number, let spans):
                try remove(SpoolName(number))
                report.overflow += spans
                report.removed.append(number)
            }
        }
    }

    /// Removes, or sets aside, what has nothing left to deliver. What the system refuses is tried again the next time.
    func dispose() {
        note { () throws(SysError) in
            while let disposal = index.disposal {
                switch disposal {
                case .remove(let number): try remove(SpoolName(number))
                case .setAside(let number): try setAside(number)
                }
            }
        }
    }

    private func remove(_ name: SpoolName) throws(SysError) {
        try unlessGone { () throws(SysError) in try directory.remove(name.text) }
        forget(name.number)
        index.removed(name)
    }

    private func setAside(_ number: UInt64) throws(SysError) {
        let isThere = try unlessGone { () throws(SysError) in
            try directory.rename(SpoolName(number).text, to: SpoolName(number, isDamaged: true).text)
        }
        forget(number)
        if isThere { index.wasSetAside(number) } else { index.removed(SpoolName(number)) }
    }

    /// Somebody else may have removed a file: that is worth a word, and no reason to try again.
    ///
    /// - Returns: false when it is not there.
    @discardableResult private func unlessGone(_ body: () throws(SysError) -> Void) throws(SysError) -> Bool {
        do throws(SysError) {
            try body()
            return true
        } catch {
            guard error.code == Errno.noEntry else { throw error }
            report.failures.append(error)
            return false
        }
    }

    private func forget(_ number: UInt64) {
        if writing?.number == number { writing = nil }
        if reading?.number == number { reading = nil }
    }

    // MARK: - Files

    func file(_ number: UInt64) throws(SysError) -> SpoolFile {
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
