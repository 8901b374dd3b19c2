import NIOHTTP1
import Support

/// Answers the admin listener's requests. Blocks for the disk: called on a thread pool.
struct AdminAPI: Sendable {
    private static let longestKeyBytes = 255

    let store: SplitStore
    let metrics: RouterMetrics
    private let current: @Sendable () -> Current

    private struct Current {
        let baseline: BackendGroup
        let canary: BackendGroup
        let token: AdminToken?
        let listener: ListenerGuard
        let hasForcedRoute: Bool
    }

    /// - Parameter settings: those in force, asked at each request.
    init(store: SplitStore, metrics: RouterMetrics, settings: @escaping @Sendable () -> ProxySettings) {
        self.store = store
        self.metrics = metrics
        current = {
            let settings = settings()
            return Current(
                baseline: settings.group(.baseline), canary: settings.group(.canary), token: settings.token,
                listener: settings.listener, hasForcedRoute: settings.hasForcedRoute)
        }
    }

    /// With settings that never change.
    init(
        store: SplitStore, metrics: RouterMetrics, baseline: BackendGroup, canary: BackendGroup = BackendGroup([]),
        token: AdminToken?, listener: ListenerGuard = ListenerGuard(names: []), hasForcedRoute: Bool = false
    ) {
        self.store = store
        self.metrics = metrics
        current = {
            Current(
                baseline: baseline, canary: canary, token: token, listener: listener, hasForcedRoute: hasForcedRoute)
        }
    }

    func answer(_ request: AdminRequest) -> AdminResponse {
        if let refusal = refusal(of: request) { return refusal }
        switch request.path {
        case "/api/v1/split": return split(request)
        case "/metrics":
            return read(request) {
                AdminResponse(
                    status: .ok, headers: ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"],
                    body: metrics.exposition(canaryBasisPoints: store.split.canaryBasisPoints))
            }
        case "/-/healthy":
            return read(request) {
                AdminResponse(status: .ok, headers: ["Content-Type": "text/plain; charset=utf-8"], body: "healthy\n")
            }
        default: return .error(.notFound, "there is nothing at this path; see /api/v1/split, /metrics and /-/healthy")
        }
    }

    /// Whoever brings the token may call under any name; everybody else must mean this router.
    private func refusal(of request: AdminRequest) -> AdminResponse? {
        guard request.headers["host"].count <= 1 else { return .error(.badRequest, "a request has one Host header") }
        let host = request.headers.first(name: "host")
        let current = current()
        let (token, listener) = (current.token, current.listener)
        do throws(ListenerGuard.Refusal) {
            try listener.checkOrigin(request.headers.first(name: "origin"), host: host)
            let needsToken = token != nil && request.path.hasPrefix("/api/")
            if !needsToken { try listener.checkHost(host) }
        } catch .foreignOrigin {
            return .error(.forbidden, "a web page of another site may not make this call")
        } catch {
            return .error(
                .forbidden,
                "the Host header is not a name of this router; use an address, or add the name to admin_names")
        }
        return request.path.hasPrefix("/api/") ? token?.refusal(of: request.headers["authorization"]) : nil
    }

    private func read(_ request: AdminRequest, _ document: () -> AdminResponse) -> AdminResponse {
        [.GET, .HEAD].contains(request.method) ? document() : wrongMethod("GET, HEAD")
    }

    private func wrongMethod(_ allowed: String) -> AdminResponse {
        .error(.methodNotAllowed, "this path takes \(allowed)", headers: ["Allow": allowed])
    }

    // MARK: the split

    private func split(_ request: AdminRequest) -> AdminResponse {
        switch request.method {
        case .GET, .HEAD: document(store.current)
        case .PUT: change(request)
        default: wrongMethod("GET, HEAD, PUT")
        }
    }

    private func change(_ request: AdminRequest) -> AdminResponse {
        let wanted: SplitRequest
        do {
            wanted = try SplitRequest.read(request.body)
        } catch {
            return .error(.badRequest, error.text)
        }
        guard wanted.forced == nil || current().hasForcedRoute else {
            return .error(.badRequest, "forced: the configuration of this router has no forced route")
        }
        let ifMatch = request.headers["if-match"].joined(separator: ",")
        let precondition = EntityTag.Precondition(ifMatch)
        if precondition == nil, request.headers.contains(name: "if-match") {
            return .error(.badRequest, "If-Match is not a list of entity tags such as \"5\"")
        }
        let keys = request.headers["idempotency-key"]
        guard keys.count <= 1, keys.allSatisfy({ (1...Self.longestKeyBytes).contains($0.utf8.count) }) else {
            return .error(.badRequest, "one Idempotency-Key of 1 to \(Self.longestKeyBytes) bytes is allowed")
        }
        let change = SplitStore.Change(
            canaryBasisPoints: wanted.canaryBasisPoints, forced: wanted.forced, newVersion: wanted.newVersion,
            precondition: precondition,
            idempotencyKey: keys.first, body: request.body)
        switch store.change(change, answer: document) {
        case .success(let response): return response
        case .failure(let refusal): return self.refusal(refusal)
        }
    }

    private func refusal(_ refusal: SplitStore.Refusal) -> AdminResponse {
        switch refusal {
        case .otherRevision(let revision):
            .error(
                .preconditionFailed, "the split is at revision \(revision); read it again",
                headers: ["ETag": EntityTag.text(revision: revision)])
        case .keyReused:
            .error(.unprocessableEntity, "this Idempotency-Key was used with another body; take a new one")
        case .closed:
            .error(.serviceUnavailable, "the router is stopping")
        case .notSaved:
            .error(.insufficientStorage, "the split cannot be saved, so it was not changed; see the state_file's disk")
        case .inForceButNotSaved:
            .error(
                .insufficientStorage,
                "the split is in force but cannot be saved: a restart brings the old one back; see the state_file's disk"
            )
        }
    }

    private func document(_ split: SavedSplit) -> AdminResponse {
        let current = current()
        var fields = [
            "\"canary_percent\":\(Self.percent(split.canaryBasisPoints))",
            "\"canary_basis_points\":\(split.canaryBasisPoints)", "\"revision\":\(split.revision)",
            "\"baseline_healthy\":\(current.baseline.isAnyUp)", "\"canary_healthy\":\(current.canary.isAnyUp)",
        ]
        if current.hasForcedRoute { fields.append("\"forced\":\"\(split.forced.rawValue)\"") }
        return .json(
            .ok, "{\(fields.joined(separator: ","))}", headers: ["ETag": EntityTag.text(revision: split.revision)])
    }

    /// 1000 -> `10`, 1250 -> `12.5`, 5 -> `0.05`.
    static func percent(_ basisPoints: Int) -> String {
        let (whole, rest) = basisPoints.quotientAndRemainder(dividingBy: 100)
        guard rest != 0 else { return "\(whole)" }
        let digits = rest < 10 ? "0\(rest)" : "\(rest)"
        return "\(whole).\(digits.hasSuffix("0") ? String(digits.dropLast()) : digits)"
    }
}
