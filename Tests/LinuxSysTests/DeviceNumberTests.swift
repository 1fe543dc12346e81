import LinuxSys
import Testing

@Suite struct DeviceNumberTests {
    @Test func numbersAsTheKernelHasThem() {
        #expect(DeviceNumber(0x801) == DeviceNumber("08:01"))
        #expect(DeviceNumber(0x10_fdff) == DeviceNumber("fd:1ff"))
        #expect(DeviceNumber(0x2d) == DeviceNumber("00:2d"))
        #expect(DeviceNumber(major: "fd", minor: "1ff") == DeviceNumber("fd:1ff"))
    }

    @Test(arguments: ["", ":", "08", "08:", ":01", "08:01:02", "08:0g", "-1:01", "8:100000000", " 08:01"])
    func whatIsNone(_ text: String) {
        #expect(DeviceNumber(text) == nil)
    }

    /// What is mapped is on the device that the list says, and what stat says of it does not contradict that.
    @Test func ownMappings() throws {
        let maps = try HeldDirectory("/proc/self/.").contents(of: "maps", atMost: 8 << 20)
        var checked = 0
        for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            // One that was removed meanwhile is another one now, or none.
            guard fields.count == 6, fields[5].contains("/lib"),
                let status = try? OwnedFD.open(String(fields[5].drop { $0 == " " })).fileStatus(),
                UInt64(fields[4]) == status.inode
            else { continue }
            let device = try #require(DeviceNumber(fields[3]))
            #expect(!device.isCertainlyOther(than: DeviceNumber(status.device)), "\(line)")
            checked += 1
        }
        #expect(checked > 0)
    }

    /// btrfs has another number in stat(2) than in /proc/PID/maps, overlayfs may have that of the disk below.
    @Test func onlyDisksAreToldApart() throws {
        let (disk, other) = (try #require(DeviceNumber("08:01")), try #require(DeviceNumber("08:02")))
        let (none, another) = (try #require(DeviceNumber("00:1b")), try #require(DeviceNumber("00:1c")))
        #expect(disk.isCertainlyOther(than: other) && !disk.isCertainlyOther(than: disk))
        for number in [disk, none, another] {
            #expect(!number.isCertainlyOther(than: none) && !none.isCertainlyOther(than: number))
        }
    }
}
