import Bench
import Synchronization

/// What the targets count, which scrapes and which posts they received, and when. Shared by the server's thread and the
/// one that measures.
final class TargetWorld: Sendable {
    /// Something that was posted: a router call, an alert, a webhook.
    struct Arrival: Sendable {
        var path: String
        var atNs: Int64
        var body: String
    }

    private struct Fault {
        var fromNs: Int64
        /// Share of the requests that fail from then on.
        var errorShare: Double
    }

    private struct State {
        var isRecording = false
        var seen: Set<Int> = []
        var visits: [Visit] = []
        var lost = 0
        var faults: [Int: Fault] = [:]
        var arrivals: [Arrival] = []
        var documents: [String: String] = [:]
    }

    let exposition: ServiceExposition
    let targets: Int
    private let requestsPerSecond: Double
    private let startNs = MonotonicTime.nowNs
    private let state = Mutex(State())

    /// - Parameter requestsPerSecond: of each target.
    init(exposition: ServiceExposition, targets: Int, requestsPerSecond: Double) {
        precondition(targets <= TargetAddress.limit, "there are no addresses for so many targets")
        self.exposition = exposition
        self.targets = targets
        self.requestsPerSecond = requestsPerSecond
    }

    /// Share of the requests that fail in a healthy target.
    static let healthyErrorShare = 0.01
    /// Bounds of what is remembered.
    private static let visitLimit = 4_000_000
    private static let arrivalLimit = 100_000

    // MARK: the server's side

    /// What the target has counted now; the scrape is recorded.
    func scrape(_ target: Int) -> Traffic {
        let now = MonotonicTime.nowNs
        return state.withLock { state in
            let traffic = traffic(of: target, fault: state.faults[target], atNs: now)
            guard state.isRecording else {
                state.seen.insert(target)
                return traffic
            }
            if state.visits.count < TargetWorld.visitLimit {
                state.visits.append(
                    Visit(target: target, atNs: now, requests: traffic.requests, errors: traffic.errors))
            } else {
                state.lost += 1
            }
            return traffic
        }
    }

    private func traffic(of target: Int, fault: Fault?, atNs now: Int64) -> Traffic {
        // Processes that have lived for a while, each with its own number. Numbers that lie closer than what a scrape adds
        // would be taken for those of one service under two addresses.
        let before = 1_000_000 + Double(target % 1_000) * 97_700
        let requests = before + requestsPerSecond * seconds(from: startNs, to: now)
        var errors = requests * TargetWorld.healthyErrorShare
        if let fault {
            let since = seconds(from: fault.fromNs, to: now)
            errors += requestsPerSecond * max(0, since) * (fault.errorShare - TargetWorld.healthyErrorShare)
        }
        return Traffic(requests: requests, errors: errors)
    }

    private func seconds(from start: Int64, to end: Int64) -> Double { Double(end - start) / 1e9 }

    /// Remembers what was posted, and when.
    func post(_ path: String, body: String, atNs: Int64) {
        state.withLock { state in
            if state.arrivals.count < TargetWorld.arrivalLimit {
                state.arrivals.append(Arrival(path: path, atNs: atNs, body: body))
            }
            if path.hasPrefix("/router/") { state.documents[path] = body }
        }
    }

    /// What was posted to a router's address last; a router that has not been set splits ninety to ten.
    func document(_ path: String) -> String? {
        guard path.hasPrefix("/router/") else { return nil }
        return state.withLock { $0.documents[path] } ?? #"{"baseline":90,"canary":10}"#
    }

    // MARK: the measuring side

    /// How many targets were scraped since the beginning or since ``reset()``.
    var seenCount: Int { state.withLock { $0.seen.count } }

    /// Forgets everything, before the next program is measured.
    func reset() {
        state.withLock { $0 = State() }
    }

    func record(_ isRecording: Bool) {
        state.withLock { $0.isRecording = isRecording }
    }

    /// The visits so far, in order; nil when there were more than can be remembered.
    func takeVisits() -> [Visit]? {
        state.withLock { state in
            defer {
                state.visits = []
                state.lost = 0
            }
            return state.lost == 0 ? state.visits : nil
        }
    }

    /// From now on the target fails this share of its requests. Returns the moment.
    func breakTarget(_ target: Int, errorShare: Double) -> Int64 {
        let now = MonotonicTime.nowNs
        state.withLock { $0.faults[target] = Fault(fromNs: now, errorShare: errorShare) }
        return now
    }

    var arrivals: [Arrival] { state.withLock { $0.arrivals } }
}
