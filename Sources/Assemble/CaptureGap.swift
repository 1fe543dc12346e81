/// Why hilo does not know how an exchange ended: the values of `hilo.capture.gap`. Such a span's status is unset, since
/// nothing is known to have gone wrong but the watching.
public enum CaptureGap: String, CaseIterable, Sendable {
    /// The next request began before this answer was seen complete.
    case framingLost = "framing_lost"
    /// Too many requests waited for their answers at once.
    case evicted
    /// hilo stopped before the answer came.
    case stopped
}
