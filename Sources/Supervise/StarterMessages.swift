internal import LinuxSys
internal import Wire

/// What the coordinator asks of the starter: one helper, with the peer's end of its channel as the one descriptor.
struct StartRequest: Hashable {
    let plan: HelperPlan

    private static let version: UInt16 = 2

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
        try reader.finish()
        switch helper {
        case .processInspector:
            guard hooks == 0, ringBytes == 0, tableScale == 0 else { throw .badValue("arguments") }
            plan = .processInspector
        case .eventReader:
            guard let hooks = HelperPlan.Hooks(rawValue: hooks) else { throw .badValue("hooks") }
            plan = .eventReader(hooks: hooks, sizes: CaptureSizes(ringBytes: ringBytes, tableScale: tableScale))
        }
    }

    func encoded() -> [UInt8] {
        let (helper, hooks, sizes) =
            switch plan {
            case .processInspector: (HelperIdentity.processInspector, UInt8(0), CaptureSizes(ringBytes: 0))
            case .eventReader(let hooks, let sizes): (HelperIdentity.eventReader, hooks.rawValue, sizes)
            }
        return littleEndian(StartRequest.version) + [helper.rawValue, hooks] + littleEndian(sizes.ringBytes)
            + [UInt8(bitPattern: sizes.tableScale)]
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
