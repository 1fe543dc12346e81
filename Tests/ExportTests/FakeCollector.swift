import CZlib
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import OTLP
import SwiftProtobuf
import Synchronization

/// A collector on loopback that answers each request as the test says, however rude.
final class FakeCollector: Sendable {
    /// A request that came in whole.
    struct Received: Sendable {
        let method: String
        let path: String
        let headers: HTTPHeaders
        let body: [UInt8]
        let came: ContinuousClock.Instant

        /// The spans' ids.
        var spans: [UInt64] {
            get throws {
                let plain = headers.contains(name: "Content-Encoding") ? try FakeCollector.decompressed(body) : body
                return try Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest(serializedBytes: plain)
                    .resourceSpans.flatMap(\.scopeSpans).flatMap(\.spans).map { span in
                        span.spanID.reduce(0) { $0 << 8 | UInt64($1) }
                    }
            }
        }
    }

    enum Reply: Sendable {
        case status(Int, headers: [(String, String)] = [], body: [UInt8] = [])
        /// The status line and headers of a success, and then nothing more.
        case hangAfterHead
        case hang
        /// A success whose body never ends.
        case endless
        case garbage
        case close
        case reset

        /// A full success.
        static let ok = Reply.status(200, headers: [("Content-Type", "application/x-protobuf")])
        static func partial(_ rejected: UInt8, _ message: String) -> Reply {
            let partial: [UInt8] = [0x08, rejected, 0x12, UInt8(message.utf8.count)] + Array(message.utf8)
            return .status(
                200, headers: [("Content-Type", "application/x-protobuf")],
                body: [0x0a, UInt8(partial.count)] + partial)
        }
        static func failure(_ status: Int, _ message: String) -> Reply {
            .status(
                status, headers: [("Content-Type", "application/x-protobuf")],
                body: [0x12, UInt8(message.utf8.count)] + Array(message.utf8))
        }
    }

    private let channel: any Channel
    private let requests: Requests

    /// - Parameters:
    ///   - port: 0 for any.
    ///   - isDeaf: it takes connections and reads nothing, so that not even a ClientHello is answered.
    ///   - answer: gets each request with its number, from 0 on.
    init(
        port: Int = 0, tls: NIOSSLContext? = nil, isDeaf: Bool = false,
        answer: @escaping @Sendable (Received, Int) -> Reply = { _, _ in .ok }
    ) async throws {
        let requests = Requests()
        self.requests = requests
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: !isDeaf)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try pipeline.addHandler(Handler(requests: requests, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    var received: [Received] { requests.all.withLock { $0 } }
    var connections: Int { requests.connections.withLock { $0 } }

    func stop() async throws { try await channel.close() }

    fileprivate static func decompressed(_ bytes: [UInt8]) throws -> [UInt8] {
        var stream = z_stream()
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw NotGzip()
        }
        defer { inflateEnd(&stream) }
        var plain: [UInt8] = []
        var input = bytes
        var isAtEnd = false
        try input.withUnsafeMutableBufferPointer { source in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            while !isAtEnd {
                var piece = [UInt8](repeating: 0, count: 65_536)
                let count = try piece.withUnsafeMutableBufferPointer { target in
                    stream.next_out = target.baseAddress
                    stream.avail_out = UInt32(target.count)
                    let code = inflate(&stream, Z_NO_FLUSH)
                    isAtEnd = code == Z_STREAM_END
                    guard code == Z_OK || isAtEnd else { throw NotGzip() }
                    return target.count - Int(stream.avail_out)
                }
                plain += piece.prefix(count)
            }
        }
        return plain
    }

    struct NotGzip: Error {}

    static func gunzip(_ bytes: [UInt8]) throws -> [UInt8] { try decompressed(bytes) }
}

private final class Requests: Sendable {
    let all = Mutex<[FakeCollector.Received]>([])
    let connections = Mutex(0)
}

private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let requests: Requests
    private let answer: @Sendable (FakeCollector.Received, Int) -> FakeCollector.Reply
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(requests: Requests, answer: @escaping @Sendable (FakeCollector.Received, Int) -> FakeCollector.Reply) {
        self.requests = requests
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        requests.connections.withLock { $0 += 1 }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let piece):
            body += piece.readableBytesView
        case .end:
            guard let head else { return }
            let received = FakeCollector.Received(
                method: head.method.rawValue, path: head.uri, headers: head.headers, body: body, came: .now)
            let number = requests.all.withLock {
                $0.append(received)
                return $0.count - 1
            }
            reply(answer(received, number), context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func reply(_ reply: FakeCollector.Reply, _ context: ChannelHandlerContext) {
        switch reply {
        case .status(let status, let headers, let body):
            var text = "HTTP/1.1 \(status) Said So\r\nContent-Length: \(body.count)\r\n"
            for (name, value) in headers { text += "\(name): \(value)\r\n" }
            write(Array((text + "\r\n").utf8) + body, context)
        case .hangAfterHead:
            write(
                Array("HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 10\r\n\r\n".utf8),
                context)
        case .hang: break
        case .endless:
            write(
                Array(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\n".utf8
                ), context)
            flood(context)
        case .garbage:
            write(Array("\u{0}\u{1}\u{2} this is not HTTP\r\n\r\n".utf8), context)
        case .close: context.close(promise: nil)
        case .reset:
            if let socket = context.channel as? any SocketOptionProvider {
                let context = NIOLoopBound(context, eventLoop: context.eventLoop)
                socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
                    context.value.close(promise: nil)
                }
            }
        }
    }

    private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    private func flood(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        let chunk = ByteBuffer(
            bytes: Array("4000\r\n".utf8) + [UInt8](repeating: 0x0a, count: 0x4000) + Array("\r\n".utf8))
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        let next = NIOLoopBound(self, eventLoop: context.value.eventLoop)
        context.value.writeAndFlush(wrapOutboundOut(chunk)).whenSuccess { next.value.flood(context.value) }
    }
}
