internal import BPFABI
internal import LinuxSys

/// The functions of OpenSSL in which a connection's plaintext passes, and those in which it begins and ends.
enum OpenSSLFunctions {
    struct Function {
        let name: String
        /// What the programs know it by.
        let cookie: UInt64
        /// Whether a program has anything to do at its return. Each return that is attached to costs a breakpoint more,
        /// and a return of the kernel's own in the process.
        let hasReturn: Bool

        init(_ name: String, _ function: hilo_tls_function, hasReturn: Bool = true) {
            self.name = name
            cookie = UInt64(function.rawValue)
            self.hasReturn = hasReturn
        }
    }

    /// A function that two of those that applications call hand their work to, and that is attached to instead of them
    /// where it costs less. In most files it has no name.
    struct Shared {
        let function: Function
        /// What calls it with its own arguments.
        let wrapper: String
        /// What calls it with others.
        let caller: String
        /// Those that do nothing without it.
        let callers: [String]
    }

    /// In the order in which they are attached to: the kernel goes through them one by one, while the process runs on.
    /// A session is taken for followed from its begin as soon as its handshake is seen, so that comes last: by then
    /// every function is attached to that its bytes can pass in, and the one that forgets it. The functions of early
    /// data come first, since they call those that write and read, which have to know that.
    static let all =
        [
            Function("SSL_read_early_data", HILO_TLS_EARLY),
            Function("SSL_write_early_data", HILO_TLS_EARLY),
            Function("SSL_read", HILO_TLS_READ),
            Function("SSL_read_ex", HILO_TLS_READ_EX),
            Function("SSL_write", HILO_TLS_WRITE),
            Function("SSL_write_ex", HILO_TLS_WRITE_EX),
        ] + shared.map(\.function) + [
            Function("SSL_sendfile", HILO_TLS_SENDFILE),
            Function("SSL_free", HILO_TLS_FREE, hasReturn: false),
            Function("SSL_do_handshake", HILO_TLS_HANDSHAKE),
        ]

    /// The second is that of OpenSSL 1.1 to 3.2, the third that of 3.3, where writing takes flags.
    static let shared = [
        Shared(
            function: Function("ssl_read_internal", HILO_TLS_READ_INTERNAL), wrapper: "SSL_read_ex", caller: "SSL_read",
            callers: ["SSL_read", "SSL_read_ex"]),
        Shared(
            function: Function("ssl_write_internal", HILO_TLS_WRITE_EX), wrapper: "SSL_write_ex", caller: "SSL_write",
            callers: ["SSL_write", "SSL_write_ex"]),
        Shared(
            function: Function("ssl_write_internal with flags", HILO_TLS_WRITE_EX2), wrapper: "SSL_write_ex2",
            caller: "SSL_write", callers: ["SSL_write", "SSL_write_ex"]),
    ]

    /// What a file is searched for.
    static let names = Set(all.map(\.name)).subtracting(shared.map(\.function.name))
    /// What is attached to in no case, and helps to find what is.
    static let helping = Set(shared.map(\.wrapper)).subtracting(names)

    /// Those that a file has, in that order.
    ///
    /// - Parameters:
    ///   - offsets: where each begins, by name.
    ///   - atReturn: without those that have nothing to be done there.
    static func places(_ offsets: [String: UInt64], atReturn: Bool) -> [UprobeLink.Function] {
        all.filter { $0.hasReturn || !atReturn }.compactMap { function in
            offsets[function.name].map { UprobeLink.Function(offset: $0, cookie: function.cookie) }
        }
    }
}
