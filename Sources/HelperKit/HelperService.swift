public import LinuxSys
public import Wire

/// What one helper adds to the life that all of them share: what it needs, what may be asked of it, and its work.
///
/// `main.swift` of a helper is `Service.run()`, which goes through that life in its fixed order (see `run`).
public protocol HelperService: ~Copyable {
    static var manifest: HelperManifest { get }

    /// HILO_ABI_VERSION of the records it hands over; 0 when it hands over none.
    static var abiVersion: UInt32 { get }

    /// The requests it answers (the helper's Policy.swift). Phase and frequency of each are in `MessageKind.rule`.
    static var requests: [MessageKind] { get }

    /// The system calls of its steady state beyond `Syscalls.ofEveryHelper` (the helper's Syscalls.swift).
    static var syscalls: [SyscallRule] { get }

    /// Step 1, after descriptors and environment were cleaned: understands its arguments, the program's name left out.
    init(arguments: [String]) throws(HelperFault)

    /// Step 2: opens what has to be open, with no capability in effect. Nothing by a path that another user can change.
    mutating func open() throws(HelperFault)

    /// Step 2, its end: takes what the coordinator hands over before anything is loaded, with no capability in effect.
    mutating func receive(from coordinator: borrowing Coordinator) throws(HelperFault)

    /// Whether there is something to load. Where there is not, what was permitted for it is given up first.
    var needsPrivilege: Bool { get }

    /// Step 3: does what needs privilege, with everything in effect that the manifest names for loading; or, without
    /// any, what takes its place.
    mutating func load(for coordinator: borrowing Coordinator) throws(HelperFault)

    /// What it found out, for the greeting.
    func probed() -> [Fact]

    /// Step 4, right after the greeting.
    mutating func begin(for coordinator: borrowing Coordinator) throws(HelperFault)

    /// Step 4: a descriptor that comes with the request that is answered next.
    mutating func take(_ descriptor: consuming OwnedFD)

    /// Step 4: answers one request, which is one of `requests`, in its phase, and not too often.
    ///
    /// - Throws: `HelperFault` to leave; a request that cannot be fulfilled is declined instead.
    mutating func answer(_ request: Frame, for coordinator: borrowing Coordinator) throws(HelperFault)
        -> Coordinator.Answer

    /// A descriptor to watch besides the channel; asked before each wait.
    var watched: Int32? { get }

    /// Nanoseconds after which `wake` is called even if nothing happened; asked before each wait.
    var wakeInterval: UInt64? { get }

    /// `watched` is readable, or `wakeInterval` is over.
    mutating func wake(for coordinator: borrowing Coordinator) throws(HelperFault)
}

extension HelperService where Self: ~Copyable {
    public static var abiVersion: UInt32 { 0 }
    public mutating func open() throws(HelperFault) {}
    public mutating func receive(from coordinator: borrowing Coordinator) throws(HelperFault) {}
    public var needsPrivilege: Bool { true }
    public mutating func load(for coordinator: borrowing Coordinator) throws(HelperFault) {}
    public func probed() -> [Fact] { [] }
    public mutating func begin(for coordinator: borrowing Coordinator) throws(HelperFault) {}
    public mutating func take(_ descriptor: consuming OwnedFD) {}
    public var watched: Int32? { nil }
    public var wakeInterval: UInt64? { nil }
    public mutating func wake(for coordinator: borrowing Coordinator) throws(HelperFault) {}
}
