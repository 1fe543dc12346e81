import CZlib

/// The bytes of a segment: a header, then entries one after another. Numbers are little-endian.
///
/// ```
/// segment   "hilospol"  version u32  crc32 of these 12 bytes
/// entry     length u32  spans u32  crc32 of the body  crc32 of these 12 bytes  state u32  body
/// ```
/// The state is outside of the checksums because it changes in place, when the entry has been delivered. No
/// change of a single byte makes one state of the other.
package enum SpoolFormat {
    package static let version: UInt32 = 1
    package static let headerSize = 16
    package static let entryHeaderSize = 20
    /// Where an entry's state is, from its start on.
    package static let stateOffset = 16

    private static let magic = Array("hilospol".utf8)
    private static let waiting: UInt32 = 0x5449_4157  // "WAIT"
    private static let delivered: UInt32 = 0x454e_4f44  // "DONE"

    /// What the first bytes of a file say.
    package enum Header: Hashable, Sendable {
        case segment
        /// Of another version than this hilo's.
        case unknownVersion
        /// There are too few bytes: whoever wrote it was interrupted.
        case torn
        case damaged
    }

    /// An entry without its body.
    package struct Entry: Hashable, Sendable {
        package let length: Int
        package let spans: UInt64
        package let checksum: UInt32
        package let isDelivered: Bool

        /// Bytes of the whole entry.
        package var size: Int { SpoolFormat.entryHeaderSize + length }
    }

    /// What is at a place of a segment.
    package enum Step: Hashable, Sendable {
        case entry(Entry)
        case end
        /// The file ends within this entry.
        case torn
        /// Where the next entry begins cannot be told.
        case damaged
    }

    package static let header: [UInt8] = {
        let start = magic + bytes(version)
        return start + bytes(checksum(start[...]))
    }()

    package static let deliveredState = bytes(delivered)

    /// One entry, ready to be written.
    ///
    /// - Returns: nil for a body of no bytes, of no spans, or of 4 GiB and more.
    package static func entry(_ body: [UInt8], spans: UInt64) -> [UInt8]? {
        guard let length = UInt32(exactly: body.count), length > 0, let spans = UInt32(exactly: spans), spans > 0
        else { return nil }
        let start = bytes(length) + bytes(spans) + bytes(checksum(body[...]))
        var entry: [UInt8] = []
        entry.reserveCapacity(entryHeaderSize + body.count)
        entry += start
        entry += bytes(checksum(start[...]))
        entry += bytes(waiting)
        entry += body
        return entry
    }

    /// - Parameter bytes: the first ``headerSize`` bytes of a file, or all if there are fewer.
    package static func readHeader(_ bytes: [UInt8]) -> Header {
        guard bytes.count >= headerSize else { return .torn }
        guard bytes.starts(with: magic), number(bytes, 12) == checksum(bytes[..<12]) else { return .damaged }
        return number(bytes, 8) == version ? .segment : .unknownVersion
    }

    /// - Parameters:
    ///   - bytes: ``entryHeaderSize`` bytes from `offset` on, or all if there are fewer.
    ///   - size: of the file.
    package static func readEntry(_ bytes: [UInt8], at offset: Int, size: Int) -> Step {
        guard offset < size else { return .end }
        guard bytes.count >= entryHeaderSize else { return .torn }
        let state = number(bytes, stateOffset)
        guard number(bytes, 12) == checksum(bytes[..<12]), state == waiting || state == delivered else {
            return .damaged
        }
        let entry = Entry(
            length: Int(number(bytes, 0)), spans: UInt64(number(bytes, 4)), checksum: number(bytes, 8),
            isDelivered: state == delivered)
        guard entry.length > 0, entry.spans > 0 else { return .damaged }
        return entry.size <= size - offset ? .entry(entry) : .torn
    }

    /// The CRC-32 of zlib.
    package static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.withUnsafeBufferPointer { UInt32(truncatingIfNeeded: crc32_z(0, $0.baseAddress, $0.count)) }
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    private static func number(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << ($1 * 8) }
    }
}
