import CCurl
package import Ports

/// Sends HTTP requests with libcurl, all on one thread of its own, with connections kept open between requests.
///
/// What callers may rely on, beyond the contract of `HTTPTransport`:
/// - `connectFailed` means that nothing was sent: the server cannot have acted. `timedOut` and `broken` leave that
///   open.
/// - A request whose connection turns out to be closed by the server before any answer is sent once more on a new one.
/// - Credentials, client certificates and unknown headers do not follow a redirect to another scheme, host or port, and
///   no redirect leads from https to http. A user name and password in the URL are sent as basic authentication unless
///   `security.authorization` says otherwise.
/// - Cancelling the waiting task aborts the transfer; the error is then `broken`.
/// - `Content-Encoding` stays among the headers of a body that was decoded.
///
/// Requests wait in order when `maxInFlight` are under way. Slow servers can hold all of them until their timeouts, so
/// calls that must not wait (the router's) should have a transport of their own. libcurl walks through all open
/// connections after each transfer, so beyond some hundreds of servers several transports are cheaper than one.
package final class CurlTransport: OwnedTransport {
    private let mailbox: Mailbox
    private let secrets: any SecretStore
    private let bodies: BodyPool

    /// - Parameters:
    ///   - userAgent: `Rollguard/1.2.3`, unless a request brings its own.
    ///   - maxConnections: open connections, idle ones included; each takes a file descriptor. Best one per server.
    ///   - maxInFlight: transfers at the same time; each holds one body buffer.
    ///   - maxWaiting: requests that wait for one of them to end; one more fails at once.
    ///   - bodies: where given-back memory is kept; nil for a pool of its own.
    package init(
        userAgent: String, secrets: any SecretStore, maxConnections: Int = 512, maxInFlight: Int = 64,
        maxWaiting: Int = 4_096, bodies: BodyPool? = nil
    ) {
        precondition(maxConnections > 0 && maxInFlight > 0 && maxWaiting >= 0, "limits are positive")
        precondition(userAgent.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a user agent is one line of text")
        self.secrets = secrets
        let multi = Self.isLibraryReady ? MultiHandle(maxConnections: maxConnections) : nil
        let mailbox = Mailbox(multi: multi, limit: maxInFlight + maxWaiting)
        self.mailbox = mailbox
        let bodies = bodies ?? BodyPool(most: maxInFlight)
        self.bodies = bodies
        guard let multi else { return }
        let inFlight = min(maxInFlight, maxConnections)
        let isStarted = TransferThread.start {
            TransferLoop(multi: multi, mailbox: mailbox, userAgent: userAgent, maxInFlight: inFlight, bodies: bodies)
        }
        if !isStarted { mailbox.leave() }
    }

    /// A transport that is let go without ``shutdown()`` ends its thread all the same.
    deinit { mailbox.close() }

    /// False where the system gave no descriptor or no thread, and after ``shutdown()``: then every request fails.
    package var isRunning: Bool { mailbox.isOpen }

    package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        try await send(try PreparedRequest(request, secrets: secrets))
    }

    package func stream(
        _ request: HTTPRequest, _ receive: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool
    ) async throws(TransportError) -> HTTPResponse {
        var prepared = try PreparedRequest(request, secrets: secrets)
        prepared.receiver = receive
        return try await send(prepared)
    }

    private func send(_ prepared: PreparedRequest) async throws(TransportError) -> HTTPResponse {
        let deadlineMs = MonotonicClock.nowMs() + prepared.timeoutMs
        let id = mailbox.nextId()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let submission = Submission(id: id, request: prepared, deadlineMs: deadlineMs, waiter: waiter)
                if let refusal = mailbox.submit(submission) {
                    waiter.resume(returning: .failure(refusal))
                } else if Task.isCancelled {
                    // The handler may have run before there was anything to cancel.
                    mailbox.cancel(id)
                }
            }
        } onCancel: {
            mailbox.cancel(id)
        }
        return try outcome.get()
    }

    package func reuse(_ body: consuming [UInt8]) { bodies.giveBack(body) }

    /// Aborts what is under way (those callers get `closed`), refuses what comes later, and comes back when the
    /// thread has ended. Calling it again is harmless.
    package func shutdown() async {
        await mailbox.closeAndWait()
    }

    /// What libcurl is, for `--version` and the log: `libcurl/7.88.1 OpenSSL/3.0.19 …`.
    package static var libraryVersion: String { String(cString: curl_version()) }

    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK
}
