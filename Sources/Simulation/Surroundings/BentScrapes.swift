import Model
import Ports

/// Where a planted bug bends what a scrape brings.
///
/// Used on the world's thread alone.
final class BentScrapes: @unchecked Sendable {
    private let bug: PlantedBug?
    private let fleet: Fleet
    /// By instance: what is shown in the place of its scrape bodies.
    private var inventedErrors: [String: Int] = [:]
    private var frozenBodies: [String: HTTPResponse] = [:]

    init(bug: PlantedBug?, fleet: Fleet) {
        self.bug = bug
        self.fleet = fleet
    }

    /// What the daemon gets; the answer itself in a run without such a bug.
    func bent(_ answer: Result<HTTPResponse, TransportError>, _ scrape: Scrape) -> Result<HTTPResponse, TransportError>
    {
        switch (bug, answer) {
        case (.failureIsBreach?, _) where scrape.pool == .canary: return withInventedErrors(answer, scrape)
        case (.receiptIsProof?, .success(let response)) where scrape.pool == .canary:
            guard fleet.releases[scrape.release].routers.contains(where: { $0.claimed != nil }) else {
                frozenBodies[scrape.instance] = response
                return answer
            }
            return .success(frozenBodies[scrape.instance] ?? response)
        case (.poolsMixedUp?, .success(var response)):
            let lines = String(decoding: response.body, as: UTF8.self).split(separator: "\n")
            let kept = lines.filter { !$0.contains("code=\"500\"") && !$0.contains("http_request_duration") }
            response.body = Array((kept.joined(separator: "\n") + "\n").utf8)
            return .success(response)
        default: return answer
        }
    }

    /// A failed scrape repeats the body before it with 500 more errors, which stay in the bodies after it.
    private func withInventedErrors(
        _ answer: Result<HTTPResponse, TransportError>, _ scrape: Scrape
    ) -> Result<HTTPResponse, TransportError> {
        switch answer {
        case .success(let response): frozenBodies[scrape.instance] = response
        case .failure: inventedErrors[scrape.instance, default: 0] += 500
        }
        guard var response = frozenBodies[scrape.instance] else { return answer }
        let text = String(decoding: response.body, as: UTF8.self)
        guard let header = text.firstRange(of: " counter\n") else { return answer }
        let count = inventedErrors[scrape.instance, default: 0]
        let line = "http_requests_total{code=\"503\"} \(count)\n"
        response.body = Array((text[..<header.upperBound] + line + text[header.upperBound...]).utf8)
        return .success(response)
    }
}
