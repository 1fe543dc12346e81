import ELF

private let wanted: Set = ["SSL_read", "SSL_write", "SSL_free"]

/// The bytes as a program or a library.
@Sendable func fuzzELF(_ input: UnsafeRawBufferPointer) {
    let image = Image(bytes: Array(input))
    let found = try? ELFFile(image).offsets(of: wanted)
    check(found == (try? ELFFile(image).offsets(of: wanted)), "another answer the second time")
    guard let found, let file = try? ELFFile(image) else { return }
    for (name, place) in found {
        check(wanted.contains(name), "\(name) was not asked for")
        check(place < UInt64(input.count), "\(name) is said to be at \(place) of \(input.count) bytes")
        let entry = (try? file.entry(of: place)) ?? place
        check(entry < UInt64(input.count) && entry - place <= 4, "the entry of \(place) is said to be at \(entry)")
        for other in found.values {
            guard let callee = try? file.callee(of: place, and: other) else { continue }
            check(callee < UInt64(input.count), "a function is said to be at \(callee) of \(input.count) bytes")
        }
    }
}

private struct Image: RandomAccess {
    let bytes: [UInt8]

    func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ELFError) -> Int {
        guard offset < UInt64(bytes.count) else { return 0 }
        let part = bytes[Int(offset)...].prefix(buffer.count)
        buffer.copyBytes(from: part)
        return part.count
    }
}
