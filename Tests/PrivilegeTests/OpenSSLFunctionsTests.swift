import BPFABI
import LinuxSys
import Testing

/// What the tls-attacher attaches to, and in which order. The file is the helper's own, by a link in Lists.
@Suite struct OpenSSLFunctionsTests {
    private static let offsets = Dictionary(
        uniqueKeysWithValues: zip(OpenSSLFunctions.all.map(\.name), (1...) as PartialRangeFrom<UInt64>))

    private static func cookies(_ places: [UprobeLink.Function]) -> [UInt32] {
        places.map { UInt32($0.cookie) }
    }

    @Test func aSessionsBeginComesLast() {
        let order = [
            HILO_TLS_EARLY, HILO_TLS_EARLY, HILO_TLS_READ, HILO_TLS_READ_EX, HILO_TLS_WRITE, HILO_TLS_WRITE_EX,
            HILO_TLS_READ_INTERNAL, HILO_TLS_WRITE_EX, HILO_TLS_WRITE_EX2, HILO_TLS_SENDFILE, HILO_TLS_FREE,
            HILO_TLS_HANDSHAKE,
        ].map(\.rawValue)
        #expect(Self.cookies(OpenSSLFunctions.places(Self.offsets, atReturn: false)) == order)
        let returns = Self.cookies(OpenSSLFunctions.places(Self.offsets, atReturn: true))
        #expect(returns == order.filter { $0 != HILO_TLS_FREE.rawValue })
    }

    @Test func placesAreTheirNames() {
        #expect(Set(OpenSSLFunctions.all.map(\.name)).count == OpenSSLFunctions.all.count)
        for place in OpenSSLFunctions.places(Self.offsets, atReturn: false) {
            let function = OpenSSLFunctions.all[Int(place.offset) - 1]
            #expect(Self.offsets[function.name] == place.offset && function.cookie == place.cookie)
        }
        let few: [String: UInt64] = ["SSL_write": 2, "SSL_read": 1, "SSL_free": 3, "main": 4]
        #expect(OpenSSLFunctions.places(few, atReturn: false).map(\.offset) == [1, 2, 3])
        #expect(OpenSSLFunctions.places(few, atReturn: true).map(\.offset) == [1, 2])
    }

    /// What is named in the file is what applications call; what takes their place is found by its callers.
    @Test func whatIsSharedIsNotSearchedFor() {
        for shared in OpenSSLFunctions.shared {
            #expect(!OpenSSLFunctions.names.contains(shared.function.name))
            #expect(OpenSSLFunctions.names.isSuperset(of: shared.callers))
            #expect(OpenSSLFunctions.names.union(OpenSSLFunctions.helping).contains(shared.wrapper))
            #expect(shared.callers.contains(shared.caller))
        }
    }
}
