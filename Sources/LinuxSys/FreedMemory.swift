internal import CLinux

/// What becomes of memory that this process does not use any more.
public enum FreedMemory {
    /// Keeps so many bytes of it for what comes next.
    ///
    /// glibc gives it back to the kernel from 128 KiB on and fetches it again, page by page, with the next batch of
    /// spans (mallopt(3), M_TRIM_THRESHOLD): one page fault for every five spans, and with this next to none.
    ///
    /// - Parameter bytes: also the size from which a single block comes from the kernel by itself. By default several
    ///   times what a batch of 2,048 spans takes when it is encoded (1 MiB); part of the 64 MiB that hilo may hold.
    public static func keep(_ bytes: Int32 = 8 << 20) {
        hilo_keep_freed_memory(bytes)
    }
}
