/// A message of rtnetlink; its length as it is unless said otherwise.
func routeMessage(_ kind: UInt16, _ payload: [UInt8], sequence: UInt32 = 0, length: UInt32? = nil) -> [UInt8] {
    bytes(of: length ?? UInt32(16 + payload.count)) + bytes(of: kind) + [0, 0] + bytes(of: sequence)
        + bytes(of: UInt32(0)) + payload
}

/// One of its attributes, padded.
func routeAttribute(_ kind: UInt16, _ value: [UInt8]) -> [UInt8] {
    bytes(of: UInt16(4 + value.count)) + bytes(of: kind) + value
        + [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
}

func routeAttribute(_ kind: UInt16, of number: Int32) -> [UInt8] {
    routeAttribute(kind, bytes(of: number))
}

private func bytes<Number: FixedWidthInteger>(of number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
}
