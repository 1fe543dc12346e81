public import LinuxSys

/// A helper that was just started: its process, and this side of its channel.
public struct StartedHelper: ~Copyable, Sendable {
    let child: Child
    let channel: Channel

    public init(child: consuming Child, channel: consuming Channel) {
        self.child = child
        self.channel = channel
    }
}

/// What can start helpers.
public protocol HelperStarting: Sendable {
    func start(_ plan: HelperPlan) throws(StartFailure) -> StartedHelper
}

/// Both ends of a new channel.
struct ChannelEnds: ~Copyable {
    let ours: Channel
    let theirs: Channel

    init() throws(StartFailure) {
        do throws(SysError) {
            var pair = try ChannelPair()
            guard let ours = pair.takeOwn(), let theirs = pair.takePeer() else {
                throw SysError("socketpair", code: Errno.badDescriptor)
            }
            self.ours = ours
            self.theirs = theirs
        } catch {
            throw .starter("\(error)")
        }
    }

    /// Our end; theirs is closed, so that the end of the other process can be seen.
    consuming func keepOurs() -> Channel { ours }
}
