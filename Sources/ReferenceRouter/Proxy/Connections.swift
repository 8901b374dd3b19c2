import NIOCore
import Synchronization

/// The open connections of a router, so that stopping can wait for them.
final class Connections: Sendable {
    private struct State {
        var isClosed = false
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    private let state = Mutex(State())

    /// False when the router is stopping.
    func add(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdded = state.withLock { state in
            if !state.isClosed { state.channels[id] = channel }
            return !state.isClosed
        }
        if isAdded { channel.closeFuture.whenComplete { [weak self] _ in self?.forget(id) } }
        return isAdded
    }

    private func forget(_ id: ObjectIdentifier) { state.withLock { _ = $0.channels.removeValue(forKey: id) } }

    /// Lets requests in flight end for `grace`, then closes what is left.
    func close(grace: TimeAmount, on loop: any EventLoop) async {
        let channels = state.withLock { state in
            state.isClosed = true
            return Array(state.channels.values)
        }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        let timer = loop.scheduleTask(in: grace) {
            for channel in channels { channel.close(promise: nil) }
        }
        for channel in channels { try? await channel.closeFuture.get() }
        timer.cancel()
    }
}
