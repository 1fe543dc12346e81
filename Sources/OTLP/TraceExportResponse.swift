import SwiftProtobuf

/// A collector's answer to a ``TraceExportRequest`` that it took, wholly or partly: `ExportTraceServiceResponse`.
public struct TraceExportResponse: Hashable, Sendable {
    /// How many spans the collector says it did not take; as it came, so possibly negative or absurdly large.
    public let rejectedSpans: Int64
    /// Why, or a warning when nothing was rejected; empty when there is nothing to say. Written by the collector: treat
    /// as hostile.
    public let errorMessage: String

    /// From the body of an answer with status 200. An empty body is a full success.
    ///
    /// - Throws: ``MessageError`` for bytes that are not this message.
    public init(parsing body: [UInt8]) throws(MessageError) {
        do {
            let message = try Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceResponse(serializedBytes: body)
            rejectedSpans = message.partialSuccess.rejectedSpans
            errorMessage = message.partialSuccess.errorMessage
        } catch {
            throw MessageError(reason: String(describing: error))
        }
    }
}

/// Why a collector did not take a request: `google.rpc.Status`, the body of its 4xx and 5xx answers.
public struct FailureStatus: Hashable, Sendable {
    /// A message for developers, possibly empty. Written by the collector: treat as hostile.
    public let message: String

    /// - Throws: ``MessageError`` for bytes that are not this message.
    public init(parsing body: [UInt8]) throws(MessageError) {
        do {
            message = try Google_Rpc_Status(serializedBytes: body).message
        } catch {
            throw MessageError(reason: String(describing: error))
        }
    }
}

/// Bytes that are not the expected message.
public struct MessageError: Error, Hashable, Sendable {
    /// In the words of the protobuf library.
    public let reason: String
}
