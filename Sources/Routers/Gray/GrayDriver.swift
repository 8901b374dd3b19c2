import Model
import Ports

/// Our own reference router, by `GET` and `PUT /api/v1/split`.
///
/// The PUT is absolute and carries no condition: a rollback must win over whatever happened meanwhile, and a condition
/// read a millisecond before would only protect that millisecond. It carries no idempotency key either, because the same
/// split set again, after another client changed it, has to apply again.
struct GrayDriver: RouterDriver {
    /// Growth is that of its strategies by bucket; with `random` the configuration has to say so.
    let capabilities: RouterCapabilities
    let instances: [String]

    private let addresses: [InstanceAddress]
    private let security: ClientSecurity
    private let transport: any HTTPTransport
    private let mask: SecretMask
    private let aim: RouterAim

    init(
        plan: GrayRouterPlan, transport: any HTTPTransport, secrets: any SecretStore, aim: RouterAim
    ) throws(RouterPlanError) {
        addresses = try InstanceAddress.all(plan.instances)
        instances = addresses.map(\.name)
        security = plan.security
        self.transport = transport
        self.aim = aim
        capabilities = RouterCapabilities(
            readBack: .acked, movesStickyClients: true, granularityBasisPoints: 1, growth: .sameUsers,
            keeps: .everything, forced: plan.forced)
        mask = SecretMask(secrets: secrets, security: plan.security, literals: addresses.compactMap(\.password))
    }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        await EachInstance.run(addresses) { await observe($0, timeoutMs) }
    }

    func plan(_ split: Split) -> [PlannedCall] {
        let body = body(split)
        return addresses.map { PlannedCall(instance: $0.name, call: "PUT \($0.name)\(GrayDriver.path) \(body)") }
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        let body = body(split)
        return await EachInstance.run(addresses) { RouterReceipt(instance: $0.name, await put(body, $0, timeoutMs)) }
    }

    func setForced(isOpen: Bool, timeoutMs: Int64) async -> [RouterReceipt] {
        guard capabilities.forced else {
            return instances.map {
                RouterReceipt(instance: $0, Refusal(.rejected, "no route for test users is configured"))
            }
        }
        let target = isOpen ? aim.sides("baseline", "canary").canary : "none"
        let body = "{\"forced\":\"\(target)\"\(newVersion)}"
        return await EachInstance.run(addresses) { RouterReceipt(instance: $0.name, await put(body, $0, timeoutMs)) }
    }

    // MARK: One instance

    private static let path = "/api/v1/split"

    /// A router whose disk is full still takes traffic from the new version, so it has to know which side that is.
    private func body(_ split: Split) -> String {
        let forced = capabilities.forced && split == .allBaseline ? ",\"forced\":\"none\"" : ""
        return "{\"canary_basis_points\":\(aim.share(split.canaryBasisPoints))\(forced)\(newVersion)}"
    }

    private var newVersion: String { aim == .direct ? "" : ",\"new_version\":\"baseline\"" }

    private func request(_ address: InstanceAddress, timeoutMs: Int64) -> HTTPRequest {
        let limitMs = max(1, timeoutMs)
        return HTTPRequest(
            url: address.url + GrayDriver.path, headers: [TextPair("Accept", "application/json")],
            connectTimeoutMs: limitMs, timeoutMs: limitMs, bodyLimitBytes: 65_536, security: security)
    }

    private func put(_ body: String, _ address: InstanceAddress, _ timeoutMs: Int64) async -> Refusal? {
        var request = request(address, timeoutMs: timeoutMs)
        request.method = "PUT"
        request.headers.append(TextPair("Content-Type", "application/json"))
        request.body = Array(body.utf8)
        do {
            let response = try await transport.send(request)
            return (200..<300).contains(response.status) ? nil : refusal(response)
        } catch {
            return Refusal(error, mayHaveActed: true)
        }
    }

    private func refusal(_ response: HTTPResponse) -> Refusal {
        .status(response.status, body: mask.clean(response.body), hasCredential: security.authorization != nil)
    }

    private func observe(_ address: InstanceAddress, _ timeoutMs: Int64) async -> RouterObservation {
        do {
            let response = try await transport.send(request(address, timeoutMs: timeoutMs))
            guard (200..<300).contains(response.status) else {
                return unread(address, refusal(response).detail)
            }
            return read(response, address)
        } catch {
            return unread(address, error.description)
        }
    }

    private func unread(_ address: InstanceAddress, _ problem: String) -> RouterObservation {
        RouterObservation(
            instance: address.name, canaryBasisPoints: nil, level: .acked, problem: ShownText.line(problem))
    }

    private func read(_ response: HTTPResponse, _ address: InstanceAddress) -> RouterObservation {
        guard let document = try? JSONParser.parse(response.body) else {
            return unread(address, "the answer is not JSON: \(mask.clean(response.body))")
        }
        guard let share = GrayDriver.share(document) else {
            return unread(
                address, "the answer has no canary_basis_points of 0 to 10000: \(mask.clean(response.body))")
        }
        return RouterObservation(
            instance: address.name, canaryBasisPoints: share, level: .acked,
            revision: GrayDriver.revision(document, response), baselineHealthy: health(document),
            isForced: isForced(document)
        ).aimed(aim)
    }

    /// Whether test users get the side that carries the canary.
    private func isForced(_ document: JSONValue) -> Bool? {
        guard capabilities.forced, case .text(let target)? = document["forced"] else { return nil }
        return target == aim.sides("baseline", "canary").canary
    }

    private static func share(_ document: JSONValue) -> Int? {
        if case .number(let points)? = document["canary_basis_points"] { return wholePoints(points.value) }
        if case .number(let percent)? = document["canary_percent"] { return wholePoints(percent.value * 100) }
        return nil
    }

    private static func wholePoints(_ value: Double) -> Int? {
        guard (0...10_000).contains(value) else { return nil }
        // A share below half a basis point is still a share.
        return value > 0 ? max(1, Int(value.rounded())) : 0
    }

    private static func revision(_ document: JSONValue, _ response: HTTPResponse) -> String? {
        let inBody = document["revision"].flatMap { $0 == .null ? nil : $0.plainText }
        let version = inBody ?? response.header("ETag")
        return version.map { ShownText.line($0, limit: 100) }
    }

    /// Of the side that carries the baseline.
    private func health(_ document: JSONValue) -> Bool? {
        let side = aim.sides("baseline_healthy", "canary_healthy").baseline
        guard case .bool(let isHealthy)? = document[side] else { return nil }
        return isHealthy
    }
}
