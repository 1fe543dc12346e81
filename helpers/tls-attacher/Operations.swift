internal import HelperKit
internal import LinuxSys
internal import Wire

/// What keeps both programs attached.
struct AttachedLinks: ~Copyable {
    let begins: OwnedFD
    let returns: OwnedFD
    let functions: UInt8
}

/// What is done when the coordinator asks.
enum Operations {
    static func attach(
        _ programs: TLSPrograms, to file: borrowing OwnedFD, of process: UInt32
    ) throws(Declined) -> AttachedLinks {
        let offsets = try OpenSSLFunctions.found(in: file)
        let functions = OpenSSLFunctions.places(offsets, atReturn: false)
        return try Declined.translating { () throws(SysError) in
            // The return first: a begin without one would leave its thread in the function for ever.
            let returns = try UprobeLink.make(
                program: programs.end, functions: OpenSSLFunctions.places(offsets, atReturn: true), in: file,
                of: Int32(process), atReturn: true)
            let begins = try UprobeLink.make(
                program: programs.begin, functions: functions, in: file, of: Int32(process), atReturn: false)
            return AttachedLinks(begins: begins, returns: returns, functions: UInt8(clamping: functions.count))
        }
    }
}
