import Model
import Ports

/// The drivers' calls, and their requests on their way to the routers' instances and back.
///
/// Used on the world's thread alone.
final class RouterTraffic: @unchecked Sendable {
    private let bug: PlantedBug?
    private let timeline: Timeline
    private let fleet: Fleet
    private let links: Links
    private let process: DaemonProcess
    private let checks: Checkers
    private let outages: Outages
    /// All calls of the run; a request names its call by the index.
    private var calls: [RouterCall] = []
    /// The next call is lost inside the daemon.
    var losesNextCall = false

    init(
        bug: PlantedBug?, timeline: Timeline, fleet: Fleet, links: Links, process: DaemonProcess, checks: Checkers,
        outages: Outages
    ) {
        self.bug = bug
        self.timeline = timeline
        self.fleet = fleet
        self.links = links
        self.process = process
        self.checks = checks
        self.outages = outages
    }

    // MARK: Calls

    /// The number of a driver's call that begins; nil when the daemon loses it.
    func startCall(_ release: Int, life: Int, timeoutMs: Int64) -> Int? {
        guard process.isAlive(life) else { return nil }
        if losesNextCall {
            losesNextCall = false
            timeline.note("\(fleet.releases[release].name): a call is lost in the daemon")
            return nil
        }
        process.countDownToCrash()
        let instances = fleet.releases[release].routers.count
        calls.append(
            RouterCall(life: life, release: release, endsMs: timeline.nowMs + timeoutMs, instances: instances))
        return calls.count - 1
    }

    /// A driver has read the router.
    func finishObserving(_ call: Int) {
        if process.isAlive(calls[call].life) { checks.observed(calls[call]) }
    }

    // MARK: Requests

    /// The limit is the world's, not the request's: the drivers' own arithmetic of time runs on the real clock.
    func post(_ request: HTTPRequest, _ wait: Int, call number: Int) {
        let call = calls[number]
        let routers = fleet.releases[call.release].routers
        guard let instance = routers.firstIndex(where: { request.url.hasPrefix($0.name + "/") })
        else { preconditionFailure("\(request.url) is no router of \(fleet.releases[call.release].name)") }
        let failure = TransportError.timedOut(address: request.url, afterMs: 0)
        timeline.after(call.endsMs - timeline.nowMs, .answered(wait, .failure(failure)))
        let router = routers[instance]
        if bug == .applyToFirstInstance, instance > 0, request.method == "PUT" {
            return timeline.after(1, .answered(wait, .success(HTTPResponse(status: 200))))
        }
        if router.isLost, router.refusesWhenLost {
            let refusal = TransportError.connectFailed(address: request.url, reason: "refused")
            return timeline.after(links.delayMs, .answered(wait, .failure(refusal)))
        }
        if links.isLost || links.cutRouters[call.release] || router.isLost { return }
        let sent = RouterRequest(wait: wait, call: number, instance: instance, request: request)
        timeline.after(links.delayMs / 2, .routerRequest(sent))
    }

    /// A request arrives at a router. It does so even when its client has died meanwhile.
    func serve(_ arrived: RouterRequest) {
        let (instance, request, release) = (arrived.instance, arrived.request, calls[arrived.call].release)
        fleet.releases[release].serve(untilMs: timeline.nowMs)
        let before = fleet.releases[release].routers[instance].share
        let seen = bug == .observeFirstInstance && request.method == "GET" ? 0 : instance
        var answer = fleet.releases[release].routers[seen].answer(
            request, isBaselineUp: fleet.releases[release].isFirstPlaceUp)
        let router = fleet.releases[release].routers[instance]
        if router.share > before { outages.shareRaised(release) }
        if request.method == "GET" {
            calls[arrived.call].truth[instance] = router.share
            calls[arrived.call].lies[instance] = router.mood == .stale
            if bug == .receiptIsProof { answer = router.claimed ?? answer }
        }
        timeline.note(
            "\(router.name): \(request.method): \(router.mood.rawValue), \(answer?.status ?? 0), is \(router.share)")
        if router.mood == .reverts, before != router.share {
            timeline.after(
                timeline.dice.ms(50...20_000),
                .reverted(
                    release: release, instance: instance, share: router.turned(before), revision: router.revision))
        }
        guard let answer, !links.isLost else { return }
        let delayMs = links.delayMs / 2
        if request.method == "GET", answer.status == 200, router.mood != .garbled {
            calls[arrived.call].isRead[instance] = timeline.nowMs + delayMs < calls[arrived.call].endsMs
        }
        timeline.after(delayMs, .answered(arrived.wait, .success(answer)))
    }

    /// A router that reverts puts a share back, unless it has been set again meanwhile.
    func revert(_ release: Int, _ instance: Int, _ share: Int, _ revision: Int) {
        guard !timeline.isHealed, fleet.releases[release].routers[instance].revision == revision else { return }
        fleet.releases[release].serve(untilMs: timeline.nowMs)
        let back = fleet.releases[release].routers[instance].turned(share)
        fleet.releases[release].routers[instance].share = back
        timeline.note("\(fleet.releases[release].routers[instance].name): put back to \(back)")
    }
}
