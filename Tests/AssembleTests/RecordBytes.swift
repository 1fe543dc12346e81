import BPFABI

/// A record as the capture programs write it: built with the C struct of bpf/abi/records.h, so that the layout that is
/// decoded is the layout that the kernel side compiles.
struct RecordBytes {
    var head = hilo_exchange()
    var excerpt: [UInt8] = []
    var traceState: [UInt8] = []

    /// A whole exchange of a server: 200 after 2 ms, over IPv4.
    init(_ request: String = "GET /users/7 HTTP/1.1\r\nHost: shop.example:8080\r\n") {
        excerpt = Array(request.utf8)
        head.kind = UInt16(HILO_RECORD_EXCHANGE.rawValue)
        head.status = 200
        head.tgid = 4242
        head.tid = 4243
        head.connection = 77
        head.sequence = 0
        head.role = UInt8(HILO_ROLE_SERVER.rawValue)
        head.parts = UInt8(HILO_PART_REQUEST.rawValue | HILO_PART_RESPONSE.rawValue)
        head.end = UInt8(HILO_END_COMPLETE.rawValue)
        head.family = 4
        set(\.trace_id, Array(1...16))
        set(\.span_id, [0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8])
        head.trace_flags = 1
        head.http_version = 0x11
        head.local_port = 8080
        head.peer_port = 50_000
        head.request_first_ns = 1_000_000
        head.request_last_ns = 1_100_000
        head.response_first_ns = 2_500_000
        head.response_last_ns = 3_000_000
        head.response_body_bytes = 512
        set(\.local_address, [10, 0, 0, 1])
        set(\.peer_address, [192, 0, 2, 7])
    }

    static func client(_ request: String = "GET /users/7 HTTP/1.1\r\nHost: shop.example:8080\r\n") -> RecordBytes {
        var record = RecordBytes(request)
        record.head.role = UInt8(HILO_ROLE_CLIENT.rawValue)
        record.head.local_port = 50_000
        record.head.peer_port = 8080
        record.set(\.local_address, [192, 0, 2, 7])
        record.set(\.peer_address, [10, 0, 0, 1])
        return record
    }

    /// The record of a pipelined request, as `exchange_request` of bpf/lib emits it.
    func requestHalf() -> RecordBytes {
        var half = self
        half.head.parts = UInt8(HILO_PART_REQUEST.rawValue)
        half.head.end = UInt8(HILO_END_OPEN.rawValue)
        half.head.status = 0
        half.head.response_first_ns = 0
        half.head.response_last_ns = 0
        half.head.response_body_bytes = 0
        return half
    }

    /// The record of its answer: everything that only the request knows is zero.
    func responseHalf() -> RecordBytes {
        var half = self
        half.excerpt = []
        half.traceState = []
        half.head.parts = UInt8(HILO_PART_RESPONSE.rawValue)
        half.head.tid = 0
        half.head.trace_flags = 0
        half.head.parent_source = 0
        half.head.http_version = 0
        half.head.request_first_ns = 0
        half.head.request_last_ns = 0
        half.head.request_body_bytes = 0
        half.set(\.trace_id, [])
        half.set(\.span_id, [])
        half.set(\.parent_id, [])
        return half
    }

    /// Sets a byte array of the struct; what `bytes` does not reach becomes zero.
    mutating func set<Field>(_ field: WritableKeyPath<hilo_exchange, Field>, _ bytes: [UInt8]) {
        withUnsafeMutableBytes(of: &head[keyPath: field]) { buffer in
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
            buffer.copyBytes(from: bytes.prefix(buffer.count))
        }
    }

    var bytes: [UInt8] {
        var head = head
        head.excerpt_length = UInt16(excerpt.count)
        head.tracestate_length = UInt16(traceState.count)
        return withUnsafeBytes(of: head) { Array($0) } + excerpt + traceState
    }
}
