internal import Glibc

/// How many threads this process may have.
///
/// libdispatch, on which Swift's concurrency runs, asks again every second for a thread that the kernel refuses it, for
/// ever and in whatever thread it was asked: that has to be known before there is anything to lose.
public enum ThreadRoom {
    /// Processors, for each of which pools of threads have one.
    public static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Starts threads, until there are `wanted` beside each other, and has them end.
    ///
    /// - Parameter stackBytes: of each; nil: what threads get that nobody decides about.
    /// - Returns: how many there were.
    public static func count(upTo wanted: Int, stackBytes: Int? = nil) -> Int {
        var attributes = pthread_attr_t()
        guard pthread_attr_init(&attributes) == 0 else { return 0 }
        defer { pthread_attr_destroy(&attributes) }
        if let stackBytes, pthread_attr_setstacksize(&attributes, stackBytes) != 0 { return 0 }
        // SAFETY: outlives the threads, all of which are waited for below.
        let gate = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        defer { gate.deallocate() }
        guard sem_init(gate, 0, 0) == 0 else { return 0 }
        defer { sem_destroy(gate) }
        var threads: [pthread_t] = []
        threads.reserveCapacity(wanted)
        while threads.count < wanted {
            var thread = pthread_t()
            let code = pthread_create(
                &thread, &attributes,
                { argument in
                    // SAFETY: the gate, which is there until this thread has ended.
                    let gate = argument?.assumingMemoryBound(to: sem_t.self)
                    while let gate, sem_wait(gate) != 0 {}
                    return nil
                }, gate)
            guard code == 0 else { break }
            threads.append(thread)
        }
        for _ in threads { sem_post(gate) }
        for thread in threads { pthread_join(thread, nil) }
        return threads.count
    }
}
