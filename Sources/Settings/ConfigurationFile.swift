import Glibc

/// A configuration file as it lies on disk.
struct ConfigurationFile {
    /// What a person writes is a thousandth of this; what is larger is some other file.
    static let maximumBytes = 1 << 20

    /// How messages call it: as the user did.
    let name: String
    let text: String

    init(name: String, text: String) throws(SettingsFault) {
        guard text.utf8.count <= Self.maximumBytes else { throw Self.tooLarge(name) }
        self.name = name
        self.text = text
    }

    /// - Throws: a `SettingsFault` with the system's reason, or about the first byte that is not UTF-8.
    init(path: String) throws(SettingsFault) {
        try self.init(name: path, bytes: try Self.read(path))
    }

    init(name: String, bytes: [UInt8]) throws(SettingsFault) {
        guard bytes.count <= Self.maximumBytes else { throw Self.tooLarge(name) }
        let withoutMark = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        guard let text = String(validating: withoutMark, as: UTF8.self) else {
            throw Self.notUTF8(name, withoutMark)
        }
        self.name = name
        self.text = text
    }

    private static func tooLarge(_ name: String) -> SettingsFault {
        SettingsFault(
            place: .wholeFile(name), problem: "the file is larger than 1 MiB, so it is not a configuration of hilo",
            remedy: "check the path")
    }

    /// Names the line and column up to which the text can be read.
    private static func notUTF8(_ name: String, _ bytes: ArraySlice<UInt8>) -> SettingsFault {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var (line, column) = (1, 1)
        decoding: while true {
            switch decoder.decode(&iterator) {
            case .scalarValue("\n"): (line, column) = (line + 1, 1)
            case .scalarValue: column += 1
            case .emptyInput, .error: break decoding
            }
        }
        return SettingsFault(
            place: .file(name, line: line, column: column), problem: "the file is not UTF-8 from here on",
            remedy: "save it as UTF-8")
    }

    private static func read(_ path: String) throws(SettingsFault) -> [UInt8] {
        // Not blocking: a FIFO that nobody writes to would otherwise be waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        // ENXIO is what the opening of a socket fails with.
        guard descriptor >= 0 else { throw errno == ENXIO ? notRegular(path) : unreadable(path, errno) }
        defer { close(descriptor) }
        try requireRegular(descriptor, path)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= maximumBytes {
            // SAFETY: `Glibc.read` writes at most the size of the buffer that it is given, which outlives the call.
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { break }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw unreadable(path, errno)
            }
            bytes.append(contentsOf: chunk[..<count])
        }
        return bytes
    }

    /// What is no regular file can be endless, or silent for ever.
    private static func requireRegular(_ descriptor: Int32, _ path: String) throws(SettingsFault) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path, errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return
        case S_IFDIR:
            throw SettingsFault(
                place: .wholeFile(path), problem: "is a directory", remedy: "name the file in it, such as hilo.yaml")
        default: throw notRegular(path)
        }
    }

    private static func notRegular(_ path: String) -> SettingsFault {
        SettingsFault(
            place: .wholeFile(path), problem: "is not a regular file",
            remedy: "write the configuration into a file, and name that")
    }

    private static func unreadable(_ path: String, _ code: Int32) -> SettingsFault {
        // SAFETY: strerror returns a pointer to a string that lives until the next call; it is copied at once, and the
        // settings are loaded before any other thread is started.
        let reason = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        let remedy: String? =
            switch code {
            case ENOENT: "check the path given to --config or in OTEL_EBPF_CONFIG_PATH"
            case EACCES, EPERM: "make it readable for the user that hilo runs as"
            default: nil
            }
        return SettingsFault(
            place: .wholeFile(path), problem: "the file cannot be read: \(reason)", remedy: remedy)
    }
}
