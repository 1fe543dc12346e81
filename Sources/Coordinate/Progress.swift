/// How far a run is on its way to being ready: its helpers serve, every process was looked at, and whom the kernel
/// is to trace it traces. Pure.
public struct Progress: Hashable, Sendable {
    public private(set) var isReaderConfigured = false
    /// It was at some time.
    public private(set) var wasReaderConfigured = false
    public private(set) var isInspectorReady = false
    /// True also where there is none to wait for.
    public private(set) var isAttacherReady: Bool
    public private(set) var hasScanBegun = false
    public private(set) var isReady = false

    /// - Parameter passesOn: contexts are to be passed on, which takes a tc-attacher.
    public init(passesOn: Bool = false) {
        isAttacherReady = !passesOn
    }

    public mutating func readerConfigured() {
        isReaderConfigured = true
        wasReaderConfigured = true
    }

    public mutating func readerLost() { isReaderConfigured = false }

    public mutating func inspectorReady() { isInspectorReady = true }

    public mutating func inspectorLost() { isInspectorReady = false }

    public mutating func attacherReady() { isAttacherReady = true }

    public mutating func attacherLost() { isAttacherReady = false }

    /// Whether the first scan is to begin now; true once.
    public mutating func beginScan() -> Bool {
        guard !hasScanBegun, isReaderConfigured, isInspectorReady else { return false }
        hasScanBegun = true
        return true
    }

    /// Whether everything is attached and looked at now; true once.
    ///
    /// - Parameter hasLooked: the first look at all processes is over.
    public mutating func becomeReady(hasLooked: Bool) -> Bool {
        guard !isReady, hasScanBegun, isReaderConfigured, isInspectorReady, isAttacherReady, hasLooked else {
            return false
        }
        isReady = true
        return true
    }
}
