import Model
import Ports

/// The network between the daemon and everything that it talks to.
extension VirtualWorld {
    // MARK: Scrapes

    func postScrape(_ request: HTTPRequest, _ wait: Int) {
        let (release, pool, instance) = target(of: request.url)
        if daemon?.isCycleOver[release] == true {
            daemon?.isCycleOver[release] = false
            checks.cycleBegan(release: release)
        }
        let scrape = Scrape(
            wait: wait, release: release, pool: pool, instance: instance, deadlineMs: nowMs + request.timeoutMs)
        after(delayMs / 2, .scrape(scrape))
    }

    /// Whose scrape body is asked for. Instances are named after their release: `release1-old1:80`.
    private func target(of url: String) -> (release: Int, pool: Pool?, instance: String) {
        let instance = String(url.dropFirst("http://".count).prefix { $0 != "/" })
        for index in releases.indices {
            if releases[index].canary.contains(where: { $0.instance == instance }) { return (index, .canary, instance) }
            if releases[index].baseline.contains(where: { $0.instance == instance }) {
                return (index, .baseline, instance)
            }
        }
        return (releases.firstIndex { instance.hasPrefix($0.name + "-") } ?? 0, nil, instance)
    }

    /// The request arrives at the target.
    func serve(_ scrape: Scrape) {
        releases[scrape.release].serve(untilMs: nowMs)
        if isLost || cutTargets[scrape.release] || isLost { return late(scrape) }
        let body = scrape.pool.flatMap {
            releases[scrape.release].body(of: $0, instance: scrape.instance, atMs: nowMs)
        }
        guard let body else {
            let refusal = TransportError.connectFailed(address: scrape.instance, reason: "connection refused")
            return after(delayMs / 2, .answered(scrape.wait, bent(.failure(refusal), scrape)))
        }
        let arrivesMs = nowMs + delayMs / 2
        if arrivesMs > scrape.deadlineMs { return late(scrape) }
        let answer = HTTPResponse(status: 200, headers: VirtualWorld.contentType(body.isOpenMetrics), body: body.bytes)
        queue.add(.answered(scrape.wait, bent(.success(answer), scrape)), atMs: arrivesMs)
    }

    private func late(_ scrape: Scrape) {
        let failure = TransportError.timedOut(address: scrape.instance, afterMs: 0)
        queue.add(.answered(scrape.wait, bent(.failure(failure), scrape)), atMs: scrape.deadlineMs)
    }

    private static let openMetrics = [
        TextPair("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
    ]
    private static let plainText = [TextPair("Content-Type", "text/plain; version=0.0.4; charset=utf-8")]

    private static func contentType(_ isOpenMetrics: Bool) -> [TextPair] { isOpenMetrics ? openMetrics : plainText }

    // MARK: Router calls

    /// The number of a driver's call that begins; nil when the daemon loses it.
    func startCall(_ release: Int, life: Int, timeoutMs: Int64) -> Int? {
        guard isAlive(life) else { return nil }
        if losesNextCall {
            losesNextCall = false
            note("\(releases[release].name): a call is lost in the daemon")
            return nil
        }
        countDownToCrash()
        calls.append(
            RouterCall(
                life: life, release: release, endsMs: nowMs + timeoutMs, instances: releases[release].routers.count))
        return calls.count - 1
    }

    /// A driver has read the router.
    func finishObserving(_ call: Int) {
        if isAlive(calls[call].life) { checks.observed(calls[call]) }
    }

    /// The limit is the world's, not the request's: the drivers' own arithmetic of time runs on the real clock.
    func postRouterRequest(_ request: HTTPRequest, _ wait: Int, call number: Int) {
        let call = calls[number]
        guard let instance = releases[call.release].routers.firstIndex(where: { request.url.hasPrefix($0.name + "/") })
        else { preconditionFailure("\(request.url) is no router of \(releases[call.release].name)") }
        let failure = TransportError.timedOut(address: request.url, afterMs: 0)
        after(call.endsMs - nowMs, .answered(wait, .failure(failure)))
        let router = releases[call.release].routers[instance]
        if bug == .applyToFirstInstance, instance > 0, request.method == "PUT" {
            return after(1, .answered(wait, .success(HTTPResponse(status: 200))))
        }
        if router.isLost, router.refusesWhenLost {
            let refusal = TransportError.connectFailed(address: request.url, reason: "refused")
            return after(delayMs, .answered(wait, .failure(refusal)))
        }
        if isLost || cutRouters[call.release] || router.isLost { return }
        after(
            delayMs / 2, .routerRequest(RouterRequest(wait: wait, call: number, instance: instance, request: request)))
    }

    /// A request arrives at a router. It does so even when its client has died meanwhile.
    func serve(_ arrived: RouterRequest) {
        let (instance, request, release) = (arrived.instance, arrived.request, calls[arrived.call].release)
        releases[release].serve(untilMs: nowMs)
        let before = releases[release].routers[instance].share
        let seen = bug == .observeFirstInstance && request.method == "GET" ? 0 : instance
        var answer = releases[release].routers[seen].answer(
            request, isBaselineUp: releases[release].baseline.contains { $0.isUp })
        let router = releases[release].routers[instance]
        if request.method == "GET" {
            calls[arrived.call].truth[instance] = router.share
            calls[arrived.call].lies[instance] = router.mood == .stale
            if bug == .receiptIsProof { answer = router.claimed ?? answer }
        }
        note("\(router.name): \(request.method): \(router.mood.rawValue), \(answer?.status ?? 0), is \(router.share)")
        if router.mood == .reverts, before != router.share {
            after(
                dice.ms(50...20_000),
                .reverted(release: release, instance: instance, share: before, revision: router.revision))
        }
        guard let answer, !isLost else { return }
        after(delayMs / 2, .answered(arrived.wait, .success(answer)))
    }

    func revert(_ release: Int, _ instance: Int, _ share: Int, _ revision: Int) {
        guard !isHealed, releases[release].routers[instance].revision == revision else { return }
        releases[release].serve(untilMs: nowMs)
        releases[release].routers[instance].share = share
        note("\(releases[release].routers[instance].name): put back to \(share)")
    }

    // MARK: Notifications

    func postNotification(_ request: HTTPRequest, _ wait: Int, _ delivery: Delivery?) {
        guard let delivery, let life = daemon?.number,
            let receiver = receivers.firstIndex(where: { request.url.hasPrefix("http://\($0.name)/") })
        else { preconditionFailure("\(request.url) is no receiver") }
        guard request.headers.contains(TextPair("Rollguard-Delivery", delivery.id)) else {
            return checks.foundUnsigned(delivery)
        }
        countDownToCrash()
        let posting = Posting(
            wait: wait, life: life, receiver: receiver, delivery: delivery, unsaved: unsavedEntry(of: delivery),
            timeoutMs: request.timeoutMs)
        if isLost { return unanswered(posting) }
        after(delayMs / 2, .notification(posting))
    }

    /// What the disk does not take is delivered from memory.
    private func unsavedEntry(of delivery: Delivery) -> JournalEntry? {
        guard let daemon, daemon.isDiskFailing || !disk.canWrite else { return nil }
        return daemon.unwritten.flatMap(\.entries).first { $0.sequence == delivery.notification.sequence }
    }

    private func unanswered(_ posting: Posting) {
        let failure = TransportError.timedOut(address: receivers[posting.receiver].name, afterMs: posting.timeoutMs)
        after(posting.timeoutMs, .answered(posting.wait, .failure(failure)))
    }

    /// The notification arrives; the answer may not.
    func deliver(_ posting: Posting) {
        let (delivery, receiver) = (posting.delivery, posting.receiver)
        let before = receivers[receiver].got.count
        let answer = receivers[receiver].post(delivery)
        note(
            "\(receivers[receiver].name): \(delivery.id) try \(delivery.attempt): \(receivers[receiver].mood.rawValue)")
        if receivers[receiver].got.count > before { checkDelivery(posting) }
        guard let answer, !isLost else { return unanswered(posting) }
        after(delayMs / 2, .answered(posting.wait, answer))
    }
}
