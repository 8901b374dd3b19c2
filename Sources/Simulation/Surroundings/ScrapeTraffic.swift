import Model
import Ports

/// The scrapes on their way to the targets and back.
struct ScrapeTraffic {
    let timeline: Timeline
    let fleet: Fleet
    let links: Links
    let process: DaemonProcess
    let bugs: BentScrapes
    let feed: CheckFeed

    /// The daemon asks for a scrape body.
    ///
    /// - Parameter wait: the number under which the answer is awaited.
    func post(_ request: HTTPRequest, _ wait: Int) {
        let (release, pool, instance) = fleet.target(of: request.url)
        if let life = process.life, life.isCycleOver[release] {
            life.isCycleOver[release] = false
            feed.checks.cycleBegan(release: release)
        }
        feed.scrapes(instance, release: release)
        let scrape = Scrape(
            wait: wait, release: release, pool: pool, instance: instance,
            deadlineMs: timeline.nowMs + request.timeoutMs)
        timeline.after(links.delayMs / 2, .scrape(scrape))
    }

    /// The request arrives at the target.
    func serve(_ scrape: Scrape) {
        fleet.releases[scrape.release].serve(untilMs: timeline.nowMs)
        if links.isLost || links.cutTargets[scrape.release] || links.isLost { return late(scrape) }
        let body = scrape.pool.flatMap {
            fleet.releases[scrape.release].body(of: $0, instance: scrape.instance, atMs: timeline.nowMs)
        }
        guard let body else {
            let refusal = TransportError.connectFailed(address: scrape.instance, reason: "connection refused")
            return timeline.after(links.delayMs / 2, .answered(scrape.wait, bugs.bent(.failure(refusal), scrape)))
        }
        let arrivesMs = timeline.nowMs + links.delayMs / 2
        if arrivesMs > scrape.deadlineMs { return late(scrape) }
        let answer = HTTPResponse(status: 200, headers: contentType(body.isOpenMetrics), body: body.bytes)
        timeline.at(arrivesMs, .answered(scrape.wait, bugs.bent(.success(answer), scrape)))
    }

    private func late(_ scrape: Scrape) {
        let failure = TransportError.timedOut(address: scrape.instance, afterMs: 0)
        timeline.at(scrape.deadlineMs, .answered(scrape.wait, bugs.bent(.failure(failure), scrape)))
    }

    private static let openMetrics = [
        TextPair("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
    ]
    private static let plainText = [TextPair("Content-Type", "text/plain; version=0.0.4; charset=utf-8")]

    private func contentType(_ isOpenMetrics: Bool) -> [TextPair] {
        isOpenMetrics ? ScrapeTraffic.openMetrics : ScrapeTraffic.plainText
    }
}
