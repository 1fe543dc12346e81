internal import CLinux
internal import Glibc

/// A thread of one's own for work that waits in the kernel, which the threads of Swift's concurrency must not do.
public enum BlockingThread {
    private final class Work {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts `body`; nobody waits for its end.
    ///
    /// - Parameter name: what ps(1) shows; 15 bytes at most.
    /// - Throws: `SysError`, EAGAIN when there may be no more threads.
    public static func start(name: String, _ body: @escaping @Sendable () -> Void) throws(SysError) {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(name: name, body: body))
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                // SAFETY: the one retain of `start` is taken over here, once, by the thread that it was made for.
                let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                // PR_SET_NAME means the calling thread, and cuts what is too long.
                _ = work.name.withCString { hilo_prctl(PR_SET_NAME, UInt(bitPattern: $0), 0, 0, 0) }
                work.body()
                return nil
            }, work.toOpaque())
        guard code == 0 else {
            work.release()
            throw SysError("pthread_create", name, code: code)
        }
        pthread_detach(thread)
    }
}
