/// Where in a function a breakpoint costs least.
///
/// At a breakpoint the kernel carries out some instructions itself, among them the push of a register. Any other it has
/// the processor execute in single step: one exception more at each call. Code is not taken apart for that. The few
/// bytes that compilers begin these functions with are compared, and what begins otherwise is left as it is.
extension ELFFile where Source: ~Copyable {
    /// Bytes of a function that are looked at.
    private static var window: Int { 64 }

    /// Behind the function's `endbr64`, if a push follows; else where it begins. Registers and the stack are the same
    /// at both, and every call passes both.
    ///
    /// - Parameters:
    ///   - function: as ``offsets(of:also:)`` has it.
    public func entry(of function: UInt64) throws(ELFError) -> UInt64 {
        Prologue(try code(at: function)).push.map { function + UInt64($0) } ?? function
    }

    /// Where the function begins that two others hand their work to: what `wrapper` calls first, with its own
    /// arguments, and `other` calls as well.
    ///
    /// - Parameters:
    ///   - wrapper: as ``offsets(of:also:)`` has it, and so has `other`.
    /// - Returns: Nil where that is not to be seen, or that function begins with something else than a push.
    public func callee(of wrapper: UInt64, and other: UInt64) throws(ELFError) -> UInt64? {
        guard let segment = segments.executable(around: wrapper), segment.contains(other) else { return nil }
        let code = try self.code(at: wrapper)
        guard let call = Prologue(code).onlyCall, let callee = Prologue.callee(in: code, at: call, of: wrapper),
            segment.contains(callee)
        else { return nil }
        let calls = try self.code(at: other)
        let isCalled = calls.indices.contains { Prologue.callee(in: calls, at: $0, of: other) == callee }
        guard isCalled, Prologue(try self.code(at: callee)).push != nil else { return nil }
        return callee
    }

    /// What a function begins with; less where its segment ends, nothing outside of code.
    private func code(at offset: UInt64) throws(ELFError) -> [UInt8] {
        guard let segment = segments.executable(around: offset),
            let rest = segment.part(from: offset - segment.offset)
        else { return [] }
        return try source.available(Int(min(rest.size, UInt64(Self.window))), at: offset)
    }
}

/// The first bytes of a function, of x86-64. On other processors nothing is recognised.
private struct Prologue {
    private let bytes: [UInt8]
    /// Behind `endbr64`, at which calls through a pointer may arrive.
    private let start: Int

    private static let endBranch: [UInt8] = [0xf3, 0x0f, 0x1e, 0xfa]
    /// `sub $8, %rsp; call`: the stack is aligned, and no argument is touched.
    private static let alignedCall: [UInt8] = [0x48, 0x83, 0xec, 0x08, 0xe8]
    private static let call: UInt8 = 0xe8
    private static let pushes: ClosedRange<UInt8> = 0x50...0x57
    /// Before the push of r8 to r15.
    private static let upperRegister: UInt8 = 0x41

    init(_ bytes: [UInt8]) {
        #if arch(x86_64)
            self.bytes = bytes
        #else
            self.bytes = []
        #endif
        start = self.bytes.starts(with: Prologue.endBranch) ? Prologue.endBranch.count : 0
    }

    /// Where the push is that the function begins with.
    var push: Int? {
        guard let first = bytes.dropFirst(start).first else { return nil }
        if Prologue.pushes.contains(first) { return start }
        guard first == Prologue.upperRegister, let second = bytes.dropFirst(start + 1).first else { return nil }
        return Prologue.pushes.contains(second) ? start : nil
    }

    /// Where the call is that the function begins with.
    var onlyCall: Int? {
        bytes.dropFirst(start).starts(with: Prologue.alignedCall) ? start + Prologue.alignedCall.count - 1 : nil
    }

    /// What a call of these bytes would go to: its distance counts from its end.
    ///
    /// - Parameters:
    ///   - index: where the call is.
    ///   - function: where the bytes are in the file.
    static func callee(in code: [UInt8], at index: Int, of function: UInt64) -> UInt64? {
        guard index + 5 <= code.count, code[index] == call else { return nil }
        let distance = code.span.bytes.integer(at: index + 1, as: Int32.self)
        return function &+ UInt64(index + 5) &+ UInt64(bitPattern: Int64(distance))
    }
}
