import Ports
import Synchronization

/// A request on its way to the transfer thread, with the task that waits for its answer. An object, because it is large
/// and goes through several queues.
final class Submission: Sendable {
    let id: UInt64
    let request: PreparedRequest
    /// On ``MonotonicClock``; the whole way counts, waiting for a free slot and redirects included.
    let deadlineMs: Int64
    let waiter: CheckedContinuation<Result<HTTPResponse, TransportError>, Never>

    init(
        id: UInt64, request: PreparedRequest, deadlineMs: Int64,
        waiter: CheckedContinuation<Result<HTTPResponse, TransportError>, Never>
    ) {
        self.id = id
        self.request = request
        self.deadlineMs = deadlineMs
        self.waiter = waiter
    }
}

/// The one place where calling tasks and the transfer thread meet.
final class Mailbox: Sendable {
    /// What the thread takes out in one go.
    struct Contents: Sendable {
        var submissions: [Submission] = []
        var cancelled: [UInt64] = []
        var isClosing = false
    }

    private struct State: Sendable {
        var contents = Contents()
        var lastId: UInt64 = 0
        /// Accepted and not answered yet.
        var open = 0
        /// Nil once the thread is gone, or when it never started.
        var multi: MultiHandle?
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>
    private let limit: Int

    init(multi: MultiHandle?, limit: Int) {
        state = Mutex(State(multi: multi))
        self.limit = limit
    }

    var isOpen: Bool { state.withLock { $0.multi != nil && !$0.contents.isClosing } }

    func nextId() -> UInt64 {
        state.withLock { state in
            state.lastId += 1
            return state.lastId
        }
    }

    /// Hands a request over, or says why not.
    func submit(_ submission: Submission) -> TransportError? {
        state.withLock { state in
            guard let multi = state.multi, !state.contents.isClosing else { return .closed }
            guard state.open < limit else { return full(submission.request) }
            state.open += 1
            state.contents.submissions.append(submission)
            if state.contents.submissions.count == 1 { multi.wakeUp() }
            return nil
        }
    }

    /// Nothing was sent, so it is a failure to connect, which callers try again.
    private func full(_ request: PreparedRequest) -> TransportError {
        .connectFailed(address: request.shownAddress, reason: "\(limit) requests are waiting already, the most allowed")
    }

    func cancel(_ id: UInt64) {
        state.withLock { state in
            guard let multi = state.multi else { return }
            state.contents.cancelled.append(id)
            multi.wakeUp()
        }
    }

    func close() {
        state.withLock { state in
            state.contents.isClosing = true
            state.multi?.wakeUp()
        }
    }

    /// Comes back when the thread has ended.
    func closeAndWait() async {
        await withCheckedContinuation { (closer: CheckedContinuation<Void, Never>) in
            let isGone = state.withLock { state in
                state.contents.isClosing = true
                guard let multi = state.multi else { return true }
                state.closers.append(closer)
                multi.wakeUp()
                return false
            }
            if isGone { closer.resume() }
        }
    }

    // MARK: The transfer thread's side

    func take() -> Contents {
        state.withLock { state in
            let taken = state.contents
            state.contents.submissions = []
            state.contents.cancelled = []
            return taken
        }
    }

    func answered() {
        state.withLock { $0.open -= 1 }
    }

    /// Ends the use of the multi handle: destroys it where no other thread can be waking it, and lets the closers go.
    func leave() {
        let closers = state.withLock { state in
            state.multi?.destroy()
            state.multi = nil
            return state.closers
        }
        for closer in closers { closer.resume() }
    }
}
