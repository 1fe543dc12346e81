import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Why there was no answer, in words for a log. Some come from the peer (a certificate's names): see ``ForeignText``.
enum FailureReason {
    static func text(of error: any Error) -> String {
        switch error {
        case let error as HTTPClientError:
            error.shortDescription
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { text(of: $0.error) } ?? "The host's name cannot be resolved"
        case let error as IOError:
            text(ofSystem: error.errnoCode)
        case is CancellationError:
            "Cancelled"
        case let error as NIOSSLError:
            TLSReason.text(of: error)
        case let error as BoringSSLError:
            TLSReason.text(of: error)
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            "The collector's certificate is for another name than the endpoint's"
        case is HTTPParserError:
            "What answers on this port does not speak HTTP"
        default:
            String(describing: error)
        }
    }

    static func text(ofSystem code: CInt) -> String {
        var text = [CChar](repeating: 0, count: 256)
        guard strerror_r(code, &text, text.count) == 0 else { return "errno \(code)" }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
