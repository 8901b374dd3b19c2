import NIOCore
import NIOHTTP1
import NIOHTTP2

/// One stream of `SyncFlags`: sends the document in force and each later one. At most one is on its way and one waits, so
/// that a reader that is slow gets the newest and holds no memory; one that accepts nothing for long is dropped.
final class SyncFeed: Sendable {
    private struct State {
        var number: Int?
        /// The newest that was sent.
        var sent = 0
        var isSending = false
        var waiting: FlagBoard.Edition?
        var timer: Scheduled<Void>?
        var hasEnded = false
    }

    private let board: FlagBoard
    private let channel: any Channel
    private let limit: TimeAmount
    private let state: NIOLoopBoundBox<State>

    /// Made and used on the channel's loop.
    init(board: FlagBoard, channel: any Channel, limit: TimeAmount) {
        (self.board, self.channel, self.limit) = (board, channel, limit)
        state = NIOLoopBoundBox(State(), eventLoop: channel.eventLoop)
    }

    /// - Returns: false when there are too many streams; then nothing was sent.
    func begin() -> Bool {
        let number = board.join { [self] edition in channel.eventLoop.execute { self.offer(edition) } }
        guard let number else { return false }
        state.value.number = number
        let headers: HTTPHeaders = ["content-type": "application/grpc"]
        let head = HTTPResponseHead(version: .http2, status: .ok, headers: headers)
        channel.writeAndFlush(HTTPServerResponsePart.head(head), promise: nil)
        return true
    }

    func end() {
        state.value.hasEnded = true
        state.value.waiting = nil
        state.value.timer?.cancel()
        if let number = state.value.number { board.leave(number) }
    }

    private func offer(_ edition: FlagBoard.Edition) {
        guard !state.value.hasEnded, edition.number > state.value.sent else { return }
        guard !state.value.isSending else {
            let waiting = state.value.waiting?.number ?? 0
            if edition.number > waiting { state.value.waiting = edition }
            return
        }
        (state.value.isSending, state.value.sent) = (true, edition.number)
        state.value.timer = channel.eventLoop.scheduleTask(in: limit) { [self] in
            channel.triggerUserOutboundEvent(HTTP2ErrorCode.cancel, promise: nil)
            channel.close(promise: nil)
        }
        let part = HTTPServerResponsePart.body(.byteBuffer(SyncMessage.flags(edition.document)))
        // The promise is kept when the last byte has left within the reader's window.
        channel.writeAndFlush(part).whenComplete { [self] _ in accepted() }
    }

    private func accepted() {
        state.value.timer?.cancel()
        state.value.isSending = false
        guard let next = state.value.waiting else { return }
        state.value.waiting = nil
        offer(next)
    }
}
