internal import LinuxSys
internal import Wire

/// What the coordinator asks of the starter: one helper, with the peer's end of its channel as the one descriptor.
struct StartRequest: Hashable {
    let plan: HelperPlan

    private static let version: UInt16 = 4

    init(_ plan: HelperPlan) {
        self.plan = plan
    }

    init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        var reader = ByteReader(bytes)
        let version = try reader.u16()
        guard version == StartRequest.version else { throw .wrongVersion(version) }
        guard let helper = HelperIdentity(rawValue: try reader.u8()) else { throw .badValue("helper") }
        let hooks = try reader.u8()
        let ringBytes = try reader.u32()
        let tableScale = Int8(bitPattern: try reader.u8())
        let carriers = HelperPlan.Carriers(rawValue: try reader.u8())
        let followsTLS = try reader.u8()
        try reader.finish()
        guard carriers.isSubset(of: .all) else { throw .badValue("carriers") }
        guard followsTLS <= 1, followsTLS == 0 || helper == .eventReader else { throw .badValue("arguments") }
        let hasSizes = hooks != 0 || ringBytes != 0 || tableScale != 0
        switch helper {
        case .processInspector:
            guard !hasSizes, carriers.isEmpty else { throw .badValue("arguments") }
            plan = .processInspector
        case .eventReader:
            guard let hooks = HelperPlan.Hooks(rawValue: hooks) else { throw .badValue("hooks") }
            plan = .eventReader(
                hooks: hooks, sizes: CaptureSizes(ringBytes: ringBytes, tableScale: tableScale), carriers: carriers,
                followsTLS: followsTLS == 1)
        case .tcAttacher:
            guard !hasSizes else { throw .badValue("arguments") }
            plan = .tcAttacher(carriers: carriers)
        case .tlsAttacher:
            guard !hasSizes else { throw .badValue("arguments") }
            plan = .tlsAttacher(carriers: carriers)
        }
    }

    func encoded() -> [UInt8] {
        var (hooks, sizes) = (UInt8(0), CaptureSizes(ringBytes: 0))
        var carriers: HelperPlan.Carriers = []
        var followsTLS = false
        let helper: HelperIdentity
        switch plan {
        case .processInspector: helper = .processInspector
        case .eventReader(let chosen, let asked, let wanted, let follows):
            (helper, hooks, sizes, carriers) = (.eventReader, chosen.rawValue, asked, wanted)
            followsTLS = follows
        case .tcAttacher(let wanted): (helper, carriers) = (.tcAttacher, wanted)
        case .tlsAttacher(let wanted): (helper, carriers) = (.tlsAttacher, wanted)
        }
        return littleEndian(StartRequest.version) + [helper.rawValue, hooks] + littleEndian(sizes.ringBytes)
            + [UInt8(bitPattern: sizes.tableScale), carriers.rawValue, followsTLS ? 1 : 0]
    }
}

/// The starter's answer. When there is a process, its pidfd is the one descriptor, also when the exec failed.
struct StartReply: Hashable {
    /// 0: there is no process.
    let pid: Int32
    /// `SpawnError.Step`; 0: the helper runs.
    let step: Int32
    let code: Int32

    init(pid: Int32, failure: SpawnError?) {
        self.pid = pid
        step = failure?.step.rawValue ?? 0
        code = failure?.code ?? 0
    }

    init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        var reader = ByteReader(bytes)
        pid = try reader.i32()
        step = try reader.i32()
        code = try reader.i32()
        try reader.finish()
    }

    func encoded() -> [UInt8] {
        littleEndian(pid) + littleEndian(step) + littleEndian(code)
    }

    func failure(of path: String) -> SpawnError? {
        step == 0 ? nil : SpawnError(step: SpawnError.Step(rawValue: step) ?? .prepare, path: path, code: code)
    }
}

private func littleEndian<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
