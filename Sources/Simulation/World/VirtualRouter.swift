import Foundation
import Model
import Ports

/// One router instance: what it really does, and how honest its admin API is about it. It speaks two dialects, that of
/// the gray router and one of weights with an ETag, so that two real drivers are run.
struct VirtualRouter {
    enum Mood: String, CaseIterable {
        case honest
        /// 403
        case refuses
        /// 409: another client is always faster.
        case conflicts
        /// 429
        case throttles
        /// 500, and nothing.
        case fails
        /// 500, although it was done.
        case failsLate
        /// Takes the request and never answers.
        case hangs
        /// Does it, and never answers.
        case hangsLate
        /// 2xx and nothing.
        case ignores
        /// 2xx, done, and put back a little later.
        case reverts
        /// Reads back what was true before the last change.
        case stale
        /// Cannot be read.
        case blind
        /// Reads back what is no answer.
        case garbled
    }

    let name: String
    var mood = Mood.honest
    /// Lost to the daemon; traffic still flows through it with the share it has.
    var isLost = false
    /// Whether a lost instance refuses connections at once, or is silent.
    var refusesWhenLost = false
    /// The canary's true share, basis points.
    var share = 0 {
        didSet { if share != oldValue { previousShare = oldValue } }
    }
    /// Before the last change: what a stale read-back shows.
    private(set) var previousShare = 0
    /// When its share was last 0, as far as the traffic has been followed.
    var lastZeroMs: Int64?
    var revision = 0
    /// The last change that it accepted; nil after another client's change.
    var asked: Int?
    /// The canary is in the first place: what the router calls the new version's share is the baseline's.
    private(set) var isTurned = false

    /// The canary's share as the router has it, and the other way round.
    func turned(_ share: Int) -> Int { isTurned ? 10_000 - share : share }

    /// The roles are exchanged; nothing changes for the requests.
    mutating func turnRoles() {
        isTurned.toggle()
        let (before, now) = (10_000 - previousShare, 10_000 - share)
        share = now
        previousShare = before
        asked = asked.map { 10_000 - $0 }
        lastZeroMs = nil
    }

    init(name: String) { self.name = name }

    /// - Parameter isBaselineUp: what its own health checks of the servers in the first place say.
    /// - Returns: nil when no answer comes.
    mutating func answer(_ request: HTTPRequest, isBaselineUp: Bool) -> HTTPResponse? {
        if request.method == "GET" { return shown(isBaselineUp: isBaselineUp) }
        guard let wanted = VirtualRouter.wanted(request.body ?? []).map(turned) else {
            return HTTPResponse(status: 400)
        }
        let condition = request.headers.first { $0.name == "If-Match" }
        if let condition, condition.value != etag { return HTTPResponse(status: 412) }
        return take(wanted)
    }

    private mutating func take(_ wanted: Int) -> HTTPResponse? {
        switch mood {
        case .refuses: return HTTPResponse(status: 403)
        case .throttles: return HTTPResponse(status: 429)
        case .conflicts: return HTTPResponse(status: 409)
        case .fails: return HTTPResponse(status: 500)
        case .hangs: return nil
        case .ignores: asked = wanted
        case .honest, .reverts, .stale, .blind, .garbled, .failsLate, .hangsLate:
            share = wanted
            asked = wanted
            revision += 1
        }
        switch mood {
        case .failsLate: return HTTPResponse(status: 500)
        case .hangsLate: return nil
        default: return HTTPResponse(status: 200)
        }
    }

    private func shown(isBaselineUp: Bool) -> HTTPResponse? {
        switch mood {
        case .hangs, .hangsLate: nil
        case .blind: HTTPResponse(status: 500)
        case .garbled: HTTPResponse(status: 200, body: Array("<html>".utf8))
        case .stale: document(share: previousShare, isBaselineUp: isBaselineUp)
        default: document(share: share, isBaselineUp: isBaselineUp)
        }
    }

    /// What a router would show that made every change; nil when it was never changed.
    var claimed: HTTPResponse? { asked.map { document(share: $0, isBaselineUp: true) } }

    private var etag: String { "\"\(revision)\"" }

    /// Both dialects in one document: each driver takes what it knows.
    private func document(share: Int, isBaselineUp: Bool) -> HTTPResponse {
        let share = turned(share)
        let text =
            "{\"canary_basis_points\":\(share),\"revision\":\(revision),\"baseline_healthy\":\(isBaselineUp),"
            + "\"old\":\(10_000 - share),\"new\":\(share)}"
        return HTTPResponse(status: 200, headers: [TextPair("ETag", etag)], body: Array(text.utf8))
    }

    private struct Wanted: Decodable {
        var canary_basis_points: Int?
        var new: Int?
    }

    private static func wanted(_ body: [UInt8]) -> Int? {
        let wanted = try? JSONDecoder().decode(Wanted.self, from: Data(body))
        return (wanted?.canary_basis_points ?? wanted?.new).flatMap { (0...10_000).contains($0) ? $0 : nil }
    }
}
