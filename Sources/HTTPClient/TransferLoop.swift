import CCurl
import Glibc
import Ports

/// Drives all transfers on one thread with libcurl's multi interface.
///
/// `curl_multi_poll` rather than a socket callback with epoll: up to 64 transfers at once there is no difference to
/// measure, and no timer of our own to keep. More are under way only while servers hang, and then nothing is in a hurry.
final class TransferLoop {
    private struct Slot {
        let easy: EasyHandle
        var submission: Submission?
        /// Differs from the submission's after a redirect.
        var request: PreparedRequest?
    }

    private let multi: MultiHandle
    private let mailbox: Mailbox
    private let userAgent: String
    private let maxInFlight: Int
    private let bodies: BodyPool
    private var slots: [Slot] = []
    private var free: [Int] = []
    private var waiting: [Submission] = []
    private var hasSeenNames = false
    /// The earliest deadline of those that wait, or an earlier time.
    private var nextDeadlineMs = Int64.max

    init(multi: MultiHandle, mailbox: Mailbox, userAgent: String, maxInFlight: Int, bodies: BodyPool) {
        self.multi = multi
        self.mailbox = mailbox
        self.userAgent = userAgent
        self.maxInFlight = maxInFlight
        self.bodies = bodies
    }

    /// Returns after the mailbox was closed and every waiter has its answer.
    func run() {
        while true {
            let contents = mailbox.take()
            waiting += contents.submissions
            nextDeadlineMs = contents.submissions.reduce(nextDeadlineMs) { min($0, $1.deadlineMs) }
            cancel(contents.cancelled)
            if contents.isClosing { break }
            startWaiting()
            perform()
            if finishDone() { continue }
            poll()
        }
        closeAll()
        mailbox.leave()
    }

    private func perform() {
        var running: Int32 = 0
        let code = curl_multi_perform(multi.raw, &running)
        if code != CURLM_OK { failAll(code) }
    }

    /// Waits for a socket, a timer of libcurl's, or a wake-up; while requests wait for a slot, also for their deadlines.
    private func poll() {
        var timeoutMs: Int64 = 60_000
        if !waiting.isEmpty { timeoutMs = min(timeoutMs, max(0, nextDeadlineMs - MonotonicClock.nowMs())) }
        let code = curl_multi_poll(multi.raw, nil, 0, Int32(timeoutMs), nil)
        if code != CURLM_OK { failAll(code) }
    }
}

// MARK: - Starting

extension TransferLoop {
    private func startWaiting() {
        guard !waiting.isEmpty else { return }
        let now = MonotonicClock.nowMs()
        let room = free.count + maxInFlight - slots.count
        let starting = waiting.prefix(room)
        waiting.removeFirst(starting.count)
        for submission in starting { start(submission, now) }
        expire(now)
    }

    private func start(_ submission: Submission, _ now: Int64) {
        guard submission.deadlineMs > now else { return answer(submission, .failure(expired(submission))) }
        guard let index = takeSlot() else {
            return answer(submission, .failure(.unusable("out of memory for another transfer")))
        }
        slots[index].submission = submission
        start(submission.request, in: index, now)
    }

    private func start(_ request: PreparedRequest, in index: Int, _ now: Int64) {
        guard let submission = slots[index].submission else { return }
        slots[index].request = request
        do throws(TransportError) {
            let easy = slots[index].easy
            let remainingMs = submission.deadlineMs - now
            hasSeenNames = hasSeenNames || !request.address.isNumeric
            try easy.prepare(
                request, remainingMs: remainingMs, userAgent: userAgent, slot: index, keepsNames: hasSeenNames)
            let code = curl_multi_add_handle(multi.raw, easy.raw)
            guard code == CURLM_OK else { throw multiError(code, request) }
        } catch {
            settle(index, .failure(error))
        }
    }

    private func takeSlot() -> Int? {
        if let index = free.popLast() { return index }
        guard let easy = EasyHandle(bodies: bodies) else { return nil }
        slots.append(Slot(easy: easy))
        return slots.count - 1
    }

    /// Those that waited for a slot until their time was up.
    private func expire(_ now: Int64) {
        guard nextDeadlineMs <= now else { return }
        for submission in waiting where submission.deadlineMs <= now {
            answer(submission, .failure(expired(submission)))
        }
        waiting.removeAll { $0.deadlineMs <= now }
        nextDeadlineMs = waiting.reduce(.max) { min($0, $1.deadlineMs) }
    }

    private func expired(_ submission: Submission) -> TransportError {
        let request = submission.request
        let reason = "all \(maxInFlight) transfers were busy for \(request.timeoutMs) ms"
        return .connectFailed(address: request.shownAddress, reason: reason)
    }
}

// MARK: - Ending

extension TransferLoop {
    /// True when a transfer ended, so that its slot may serve the next one before the thread sleeps.
    private func finishDone() -> Bool {
        var isAnyDone = false
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi.raw, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            // The message is gone once its handle is removed.
            let code = rg_message_result(message)
            var index: UnsafeMutableRawPointer?
            _ = rg_get_pointer(easy, CURLINFO_PRIVATE, &index)
            finish(Int(bitPattern: index), code)
            isAnyDone = true
        }
        return isAnyDone
    }

    private func finish(_ index: Int, _ code: CURLcode) {
        let easy = slots[index].easy
        guard let request = slots[index].request else { return }
        let outcome = easy.outcome(code, request)
        _ = curl_multi_remove_handle(multi.raw, easy.raw)
        do throws(TransportError) {
            let response = try outcome.get()
            guard let next = try request.following(status: response.status, location: response.header("Location"))
            else { return settle(index, outcome) }
            start(next, in: index, MonotonicClock.nowMs())
        } catch {
            settle(index, .failure(error))
        }
    }

    private func cancel(_ ids: [UInt64]) {
        for id in ids {
            if let index = slots.firstIndex(where: { $0.submission?.id == id }) {
                abort(index) { .broken(address: $0.shownAddress, reason: "the request was cancelled") }
            } else if let index = waiting.firstIndex(where: { $0.id == id }) {
                let submission = waiting.remove(at: index)
                let address = submission.request.shownAddress
                answer(submission, .failure(.broken(address: address, reason: "the request was cancelled")))
            }
        }
    }

    private func abort(_ index: Int, _ error: (PreparedRequest) -> TransportError) {
        guard let request = slots[index].request else { return }
        _ = curl_multi_remove_handle(multi.raw, slots[index].easy.raw)
        settle(index, .failure(error(request)))
    }

    /// The multi interface itself fails only without memory or file descriptors; its transfers fail with it.
    private func failAll(_ code: CURLMcode) {
        for index in slots.indices { abort(index) { multiError(code, $0) } }
    }

    private func multiError(_ code: CURLMcode, _ request: PreparedRequest) -> TransportError {
        .broken(address: request.shownAddress, reason: String(cString: curl_multi_strerror(code)))
    }

    private func closeAll() {
        for index in slots.indices { abort(index) { _ in .closed } }
        for submission in waiting { answer(submission, .failure(.closed)) }
        waiting = []
        slots = []
    }

    private func settle(_ index: Int, _ outcome: Result<HTTPResponse, TransportError>) {
        guard let submission = slots[index].submission else { return }
        slots[index].submission = nil
        slots[index].request = nil
        slots[index].easy.rest()
        free.append(index)
        answer(submission, outcome)
    }

    private func answer(_ submission: Submission, _ outcome: Result<HTTPResponse, TransportError>) {
        mailbox.answered()
        submission.waiter.resume(returning: outcome)
    }
}
