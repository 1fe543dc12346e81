import Glibc

/// What libFuzzer drives: one function for each kind of bytes that strangers write. It returns when every property
/// holds, and stops the program when one does not.
private let targets: [String: @Sendable (UnsafeRawBufferPointer) -> Void] = [
    "dissect": fuzzDissect,
    "context": fuzzContext,
    "elf": fuzzELF,
    "wire": fuzzWire,
    "record": fuzzRecord,
    "answer": fuzzAnswer,
    "settings": fuzzSettings,
    "environment": fuzzEnvironment,
]

// SAFETY: written once, before libFuzzer calls for the first time, and by its only thread.
nonisolated(unsafe) private var chosen: (@Sendable (UnsafeRawBufferPointer) -> Void)?

/// All targets are one program; the name that it is called by says which one is meant.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>>>
) -> Int32 {
    let name = String(cString: arguments.pointee[0]).split(separator: "/").last.map(String.init) ?? ""
    chosen = targets[name]
    if chosen == nil {
        say("hilo-fuzz: \(name) is none of \(targets.keys.sorted().joined(separator: ", "))")
        exit(64)
    }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafeRawPointer?, _ count: Int) -> Int32 {
    chosen?(UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
}

/// Stops the program, for libFuzzer to keep the input, unless the property holds.
func check(_ holds: Bool, _ property: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line) {
    if holds { return }
    say("\(file):\(line): \(property())")
    abort()
}

private func say(_ text: String) {
    var line = text + "\n"
    line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
