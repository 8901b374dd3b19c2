import Model
import Ports

/// Caddy by its admin API: the `reverse_proxy` handler with an `@id` is read, and its weights (or its list of upstreams)
/// are written in one call.
///
/// Weights belong to upstreams by their place in a list, so the places are found by address in the same answer
/// whose ETag the write carries: a list that was reordered meanwhile is a conflict, not a wrong version.
///
/// Source: Caddy's documentation, "API", "Concurrent config changes", and the modules `reverse_proxy` and
/// `weighted_round_robin`.
struct CaddyDriver: RouterDriver {
    let capabilities: RouterCapabilities
    let instances: [String]

    private let addresses: [InstanceAddress]
    private let pools: CaddyPools
    private let unixSocket: String?
    private let security: ClientSecurity
    private let transport: any HTTPTransport
    private let mask: SecretMask

    /// A rollback that meets a conflict reads again and tries again, as often as this.
    private static let rollbackAttempts = 3

    init(plan: CaddyPlan, transport: any HTTPTransport, secrets: any SecretStore) throws(RouterPlanError) {
        addresses = try InstanceAddress.all(plan.instances)
        instances = addresses.map(\.name)
        pools = try CaddyPools(plan)
        unixSocket = plan.unixSocket
        security = plan.security
        self.transport = transport
        mask = SecretMask(secrets: secrets, security: plan.security, literals: addresses.compactMap(\.password))
        capabilities = RouterCapabilities(
            readBack: .loaded, movesStickyClients: true, granularityBasisPoints: pools.granularityBasisPoints,
            growth: .perRequest, keeps: .nothing)
    }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        await EachInstance.run(addresses) { address in
            do throws(Refusal) {
                let (handler, tag) = try await read(address, Deadline(afterMs: timeoutMs))
                let (share, problem) = handler.share(pools)
                return RouterObservation(
                    instance: address.name, canaryBasisPoints: share, level: .loaded, revision: tag,
                    problem: problem.map { ShownText.line($0) })
            } catch {
                return .unread(address.name, error.detail)
            }
        }
    }

    /// The order of the list is Caddy's; shown here is the plan's.
    func plan(_ split: Split) -> [PlannedCall] {
        let body = pools.plannedBody(split).encoded
        return addresses.map {
            PlannedCall(instance: $0.name, call: "PATCH \($0.name)\(pools.writePath) \(body)")
        }
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        await EachInstance.run(addresses) { RouterReceipt(instance: $0.name, await apply(split, $0, timeoutMs)) }
    }

    // MARK: One instance

    private func apply(_ split: Split, _ address: InstanceAddress, _ timeoutMs: Int64) async -> Refusal? {
        let deadline = Deadline(afterMs: timeoutMs)
        var attemptsLeft = split == .allBaseline ? CaddyDriver.rollbackAttempts : 1
        while true {
            attemptsLeft -= 1
            do throws(Refusal) {
                let (handler, tag) = try await read(address, deadline)
                try await write(try handler.body(split, pools), tag, address, deadline)
                return nil
            } catch {
                guard error.outcome == .conflict, attemptsLeft > 0, deadline.remainingMs > 0 else { return error }
            }
        }
    }

    private func read(
        _ address: InstanceAddress, _ deadline: Deadline
    ) async throws(Refusal) -> (CaddyHandler, tag: String?) {
        let response = try await send(request(address, pools.readPath, deadline), mayHaveActed: false)
        guard let document = try? JSONParser.parse(response.body) else {
            throw Refusal(.rejected, "the answer is not JSON: \(mask.clean(response.body))")
        }
        // Caddy 2.6 sends it as a trailer, which is not read; then the write carries no condition.
        let tag = response.header("ETag").map { ShownText.line($0, limit: 200) }
        return (try CaddyHandler(document, id: pools.id), tag)
    }

    private func write(
        _ body: JSONValue, _ tag: String?, _ address: InstanceAddress, _ deadline: Deadline
    ) async throws(Refusal) {
        var request = request(address, pools.writePath, deadline)
        request.method = "PATCH"
        request.headers.append(TextPair("Content-Type", "application/json"))
        if let tag { request.headers.append(TextPair("If-Match", tag)) }
        request.body = Array(body.encoded.utf8)
        _ = try await send(request, mayHaveActed: true)
    }

    private func request(_ address: InstanceAddress, _ path: String, _ deadline: Deadline) -> HTTPRequest {
        let limitMs = max(1, deadline.remainingMs)
        return HTTPRequest(
            url: address.url + path, headers: [TextPair("Accept", "application/json")], unixSocket: unixSocket,
            connectTimeoutMs: limitMs, timeoutMs: limitMs, security: security)
    }

    private func send(_ request: HTTPRequest, mayHaveActed: Bool) async throws(Refusal) -> HTTPResponse {
        let response: HTTPResponse
        do { response = try await transport.send(request) } catch {
            throw Refusal(error, mayHaveActed: mayHaveActed)
        }
        guard (200..<300).contains(response.status) else {
            let refusal = Refusal.status(
                response.status, body: mask.clean(response.body), hasCredential: security.authorization != nil)
            // A read that failed has changed nothing, whatever the status.
            guard !mayHaveActed, refusal.outcome == .unknown else { throw refusal }
            throw Refusal(.rejected, refusal.detail)
        }
        return response
    }
}
