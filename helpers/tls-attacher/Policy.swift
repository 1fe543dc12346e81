internal import HelperKit
internal import Wire

/// What may be asked of the tls-attacher. When and how often is in `MessageKind.rule`; anything else ends the helper.
extension TLSAttacher {
    static let requests: [MessageKind] = [
        // OpenSSL in one file, of one process: no other function, no other place, and never of all processes.
        .attach
    ]
}
