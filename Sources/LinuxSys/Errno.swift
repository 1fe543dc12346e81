internal import Glibc

/// The error numbers that this project decides by.
public enum Errno {
    public static let notPermitted: Int32 = EPERM
    public static let noEntry: Int32 = ENOENT
    public static let noProcess: Int32 = ESRCH
    public static let interrupted: Int32 = EINTR
    public static let badDescriptor: Int32 = EBADF
    public static let wouldBlock: Int32 = EAGAIN
    public static let exists: Int32 = EEXIST
    public static let textBusy: Int32 = ETXTBSY
    public static let timedOut: Int32 = ETIMEDOUT
    public static let noMemory: Int32 = ENOMEM
    public static let accessDenied: Int32 = EACCES
    public static let invalid: Int32 = EINVAL
    public static let noSpace: Int32 = ENOSPC
    public static let readOnly: Int32 = EROFS
    public static let brokenPipe: Int32 = EPIPE
    public static let tooLong: Int32 = EMSGSIZE
    public static let fileTooBig: Int32 = EFBIG
    public static let notImplemented: Int32 = ENOSYS
    public static let notSupported: Int32 = EOPNOTSUPP
    public static let connectionReset: Int32 = ECONNRESET
    public static let noData: Int32 = ENODATA
    public static let stale: Int32 = ESTALE
    public static let noBuffers: Int32 = ENOBUFS
    public static let busy: Int32 = EBUSY
    public static let noDevice: Int32 = ENODEV
    public static let notDirectory: Int32 = ENOTDIR
    public static let tooManyFiles: Int32 = EMFILE
    public static let tooManyFilesInSystem: Int32 = ENFILE

    /// The kernel has too little memory at this moment.
    public static let ofShortage: Set<Int32> = [ENOBUFS, ENOMEM, EAGAIN]
}
