import NIOCore

/// One connection's deadline, moved forward many times a second. The timer is not moved with it: it fires early, sees
/// that the deadline is later, and continues to wait. Used on one event loop.
final class Deadline {
    private let loop: any EventLoop
    private var expired: (() -> Void)?
    private var deadline: NIODeadline?
    private var timer: Scheduled<Void>?
    private var timerFiresAt: NIODeadline?

    init(loop: any EventLoop) { self.loop = loop }

    /// What happens when a deadline passes; given before the first `set`.
    func whenExpired(_ action: @escaping () -> Void) { expired = action }

    func set(in amount: TimeAmount) {
        let deadline = NIODeadline.now() + amount
        self.deadline = deadline
        if let timerFiresAt, timerFiresAt <= deadline { return }
        timer?.cancel()
        arm(deadline)
    }

    func clear() { deadline = nil }

    /// No deadline will pass any more.
    func end() {
        deadline = nil
        expired = nil
        timer?.cancel()
        timer = nil
    }

    private func arm(_ deadline: NIODeadline) {
        timerFiresAt = deadline
        let bound = NIOLoopBound(self, eventLoop: loop)
        timer = loop.scheduleTask(deadline: deadline) { bound.value.fired() }
    }

    private func fired() {
        timer = nil
        timerFiresAt = nil
        guard let deadline else { return }
        guard deadline <= .now() else { return arm(deadline) }
        self.deadline = nil
        expired?()
    }
}
