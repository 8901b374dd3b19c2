import Foundation
import Model
import Ports

/// What the steps of a release's plan change: a flag of a flag service, a cache that must be warmed once, a feed that may be
/// published again. One server answers for all of them.
struct VirtualPlanService {
    /// How it answers one request that changes something.
    enum Mood: String, CaseIterable {
        case works
        /// 503, and nothing was changed.
        case refuses
        /// It is changed, and the answer is 502.
        case fails
        /// It is changed, and no answer comes.
        case swallows
        /// Neither is it changed, nor does an answer come.
        case hangs
        /// 200, and nothing was changed.
        case lies
    }

    /// A change that took effect.
    struct Effect {
        let key: String
        let path: String
    }

    let release: String
    /// What the bad version needs to be on.
    private(set) var isFlagOn = true
    /// Since the last rollback was intended.
    private(set) var wasFlagOff = false

    init(release: String) { self.release = release }

    static let host = "-plan"
    static let flagPath = "/api/admin/projects/default/features/new-checkout/environments/production"
    static let cachePath = "/cache"
    static let feedPath = "/feed"

    /// A rollback is intended: until now the flag was on.
    mutating func intended() { (isFlagOn, wasFlagOff) = (true, false) }

    /// Another client switches it on again.
    mutating func switchOn() { isFlagOn = true }

    /// - Returns: the answer, nil for none; and the change that took effect.
    mutating func answer(_ request: HTTPRequest, _ mood: Mood) -> (HTTPResponse?, Effect?) {
        let path = String(request.url.dropFirst("http://\(release)\(VirtualPlanService.host)".count))
        guard request.method != "GET" else { return (read(mood), nil) }
        let response: HTTPResponse? =
            switch mood {
            case .works, .lies: HTTPResponse(status: 200)
            case .refuses: HTTPResponse(status: 503)
            case .fails: HTTPResponse(status: 502)
            case .swallows, .hangs: nil
            }
        guard mood == .works || mood == .fails || mood == .swallows else { return (response, nil) }
        if path == "\(VirtualPlanService.flagPath)/off" { (isFlagOn, wasFlagOff) = (false, true) }
        let key = request.headers.first { $0.name == "Idempotency-Key" }?.value ?? ""
        return (response, Effect(key: key, path: path))
    }

    private func read(_ mood: Mood) -> HTTPResponse? {
        switch mood {
        case .works, .lies: HTTPResponse(status: 200, body: Array("{\"enabled\": \(isFlagOn)}".utf8))
        case .refuses, .fails: HTTPResponse(status: 503)
        case .swallows, .hangs: nil
        }
    }
}
