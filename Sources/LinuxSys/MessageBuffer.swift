/// Where one message is received: memory for the longest one, used again and again, and the descriptors that came.
public struct MessageBuffer: ~Copyable, @unchecked Sendable {
    // SAFETY: owned by this value alone from init to deinit, and handed out only for the length of a closure or of a
    // borrow, so that sending the value to another thread sends the memory with it.
    private let storage: UnsafeMutableRawBufferPointer
    private var length = 0
    private var descriptors: [4 of Int32] = [-1, -1, -1, -1]
    private var descriptorCount = 0

    /// The most descriptors a message may carry.
    public static let mostDescriptors = 4

    /// - Parameter capacity: bytes of the longest message; a longer one is an error when it arrives.
    public init(capacity: Int = 65_536) {
        storage = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        for index in 0..<descriptorCount where descriptors[index] >= 0 {
            _ = OwnedFD(adopting: descriptors[index])
        }
        storage.deallocate()
    }

    /// Bytes of the message held now.
    public var count: Int { length }

    /// How many descriptors came with it, taken ones included.
    public var countOfDescriptors: Int { descriptorCount }

    /// The bytes of the message, valid inside `body` only.
    public borrowing func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(rebasing: storage[0..<length]))
    }

    /// Hands out descriptor number `index`, once. Those not taken are closed with the next message.
    public mutating func takeDescriptor(_ index: Int = 0) -> OwnedFD? {
        guard index >= 0, index < descriptorCount, descriptors[index] >= 0 else { return nil }
        let number = descriptors[index]
        descriptors[index] = -1
        return OwnedFD(adopting: number)
    }

    /// Overwrites the message and closes the descriptors nobody took.
    public mutating func clear() {
        for index in 0..<descriptorCount {
            _ = takeDescriptor(index)
        }
        descriptorCount = 0
        length = 0
    }

    mutating func fill(
        _ receive: (UnsafeMutableRawBufferPointer, UnsafeMutablePointer<Int32>, inout Int32) -> Int
    ) -> Int {
        clear()
        var count: Int32 = 0
        var numbers: (Int32, Int32, Int32, Int32) = (-1, -1, -1, -1)
        let result = withUnsafeMutablePointer(to: &numbers) { tuple in
            tuple.withMemoryRebound(to: Int32.self, capacity: MessageBuffer.mostDescriptors) { first in
                receive(storage, first, &count)
            }
        }
        descriptors = [numbers.0, numbers.1, numbers.2, numbers.3]
        descriptorCount = Int(count)
        length = max(result, 0)
        return result
    }
}
