import NIOSSL

/// What the TLS library says of a fault, in words for whoever runs hilo: the library's own text has numbers, and the
/// place in its source.
enum TLSReason {
    static func text(of error: NIOSSLError) -> String {
        switch error {
        case .handshakeFailed(.sslError(let stack)), .handshakeFailed(.unknownError(let stack)):
            handshake(stack)
        case .handshakeFailed(.syscallError), .handshakeFailed(.zeroReturn), .uncleanShutdown:
            "The collector closed the connection during TLS"
        case .failedToLoadCertificate: "it has no certificate in PEM form"
        case .failedToLoadPrivateKey: "it has no private key in PEM form"
        case .unableToValidateCertificate, .noCertificateToValidate: "The collector's certificate cannot be checked"
        default: String(describing: error)
        }
    }

    static func text(of error: BoringSSLError) -> String {
        switch error {
        case .sslError(let stack), .unknownError(let stack): symbol(stack).map(words) ?? "no reason is given"
        default: String(describing: error)
        }
    }

    private static func handshake(_ stack: NIOBoringSSLErrorStack) -> String {
        switch symbol(stack) {
        case "CERTIFICATE_VERIFY_FAILED":
            "The collector's certificate is signed by nobody that hilo trusts, has expired, or is for another name; "
                + "OTEL_EXPORTER_OTLP_CERTIFICATE names the authorities to trust"
        case "WRONG_VERSION_NUMBER", "HTTP_REQUEST":
            "The collector does not speak TLS on this port; write http:// if it is not meant to"
        case "EOF during handshake":
            "The collector closed the connection during the TLS handshake; write http:// if it does not speak TLS"
        case let symbol?: "TLS: \(words(symbol))"
        case nil: "The TLS handshake failed"
        }
    }

    /// `CERTIFICATE_VERIFY_FAILED` of `Error: N error:N:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at
    /// FILE:LINE`, which is all that the library gives.
    private static func symbol(_ stack: NIOBoringSSLErrorStack) -> String? {
        guard let first = stack.first else { return nil }
        let text = first.description
        guard let mark = text.firstRange(of: "OPENSSL_internal:") else {
            // Words of its own: `Error:  EOF during handshake`.
            return text.split(separator: ":", maxSplits: 1).last.map { String($0.drop { $0 == " " }) }
        }
        return String(text[mark.upperBound...].prefix { $0 != " " })
    }

    private static func words(_ symbol: String) -> String {
        String(symbol.lowercased().map { $0 == "_" ? " " : $0 })
    }
}
