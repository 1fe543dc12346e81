internal import LinuxSys
internal import Wire

/// The helpers that a starter has started, one of each kind: a coordinator that has fallen into other hands gets no
/// second one beside it.
struct LivingHelpers: ~Copyable {
    private var inspector: Sibling?
    private var reader: Sibling?
    private var attacher: Sibling?
    private var tlsAttacher: Sibling?

    /// How long a helper that was told to leave may take.
    private static let patience: UInt64 = 2_000_000_000

    /// Whether the last helper of this kind is gone; waits for it a little.
    borrowing func hasEnded(_ manifest: HelperManifest) -> Bool {
        switch manifest.identity {
        case .processInspector: LivingHelpers.hasEnded(inspector)
        case .eventReader: LivingHelpers.hasEnded(reader)
        case .tcAttacher: LivingHelpers.hasEnded(attacher)
        case .tlsAttacher: LivingHelpers.hasEnded(tlsAttacher)
        case nil: false
        }
    }

    mutating func note(_ helper: consuming Sibling, as manifest: HelperManifest) {
        switch manifest.identity {
        case .processInspector: inspector = consume helper
        case .eventReader: reader = consume helper
        case .tcAttacher: attacher = consume helper
        case .tlsAttacher: tlsAttacher = consume helper
        case nil: break
        }
    }

    private static func hasEnded(_ helper: borrowing Sibling?) -> Bool {
        switch helper {
        case nil: return true
        case .some(let helper): return helper.hasEnded(within: patience)
        }
    }
}
