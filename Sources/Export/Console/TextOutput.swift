import Glibc

/// Writes text to a descriptor that is not owned, standard output as a rule, without ever waiting in the kernel for a
/// slow reader.
public struct TextOutput: Sendable {
    private let descriptor: Int32

    public static let standardOutput = TextOutput(descriptor: STDOUT_FILENO)

    /// - Parameter descriptor: open for writing for as long as the output is used.
    public init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Nobody reads any more, or the descriptor is of no use; `errno` says more.
    package struct Closed: Error, Hashable, Sendable {
        package let errno: Int32
    }

    /// Writes all of `text`.
    ///
    /// - Parameter isOver: asked while there is no room: whether to leave the rest unwritten.
    /// - Throws: ``Closed`` when no more can ever be written, or `isOver` said so.
    package func write(_ text: String, isOver: () -> Bool) async throws(Closed) {
        var rest = Array(text.utf8)[...]
        var pause = Self.shortestPause
        while !rest.isEmpty {
            switch attempt(rest.prefix(Self.piece)) {
            case .wrote(let count):
                rest.removeFirst(count)
                pause = Self.shortestPause
            case .full:
                if isOver() || Task.isCancelled { throw Closed(errno: EAGAIN) }
                do {
                    try await Task.sleep(for: pause)
                } catch {
                    throw Closed(errno: ECANCELED)
                }
                pause = min(pause * 2, Self.longestPause)
            case .failed(let errno):
                throw Closed(errno: errno)
            }
        }
    }

    /// Whether a person looks at it, and does not mind colours: https://no-color.org.
    public func showsColours(environment: [String: String]) -> Bool {
        isatty(descriptor) == 1 && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    /// The columns of the terminal; nil where it is none.
    public var columns: Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// PIPE_BUF of Linux: a pipe that polls as writable takes as much at once, so a write does not wait even though the
    /// descriptor, which is shared with other programs, stays in blocking mode.
    private static let piece = 4096

    /// How long to let the reader read before looking again.
    private static let shortestPause = Duration.milliseconds(1)
    private static let longestPause = Duration.milliseconds(100)

    private enum Attempt {
        case wrote(Int)
        case full
        case failed(errno: Int32)
    }

    private func attempt(_ bytes: ArraySlice<UInt8>) -> Attempt {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&entry, 1, 0) > 0 else { return .full }
        let (count, code) = Self.withoutPipeSignal {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            return (count, errno)
        }
        if count >= 0 { return .wrote(count) }
        return code == EAGAIN || code == EINTR ? .full : .failed(errno: code)
    }

    /// Runs `body` with SIGPIPE, which would end the process, blocked in this thread, and takes back one that it
    /// caused. The process's own disposition, which children would inherit, is left alone.
    private static func withoutPipeSignal<Result>(_ body: () -> Result) -> Result {
        var pipeSignal = sigset_t()
        var before = sigset_t()
        sigemptyset(&pipeSignal)
        sigaddset(&pipeSignal, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipeSignal, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let result = body()
        var now = timespec()
        sigtimedwait(&pipeSignal, nil, &now)
        return result
    }
}
