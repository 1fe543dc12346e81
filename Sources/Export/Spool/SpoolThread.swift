import Dispatch

/// One thread for what waits on the disk, which the threads of Swift's concurrency must not do.
final class SpoolThread: SerialExecutor {
    private let queue = DispatchQueue(label: "hilo.spool")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
