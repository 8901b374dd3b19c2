import Model
import Ports

/// Calls to an API with a fixed shape, for drivers that know their router.
struct RouterAPI: Sendable {
    let transport: any HTTPTransport
    var security: ClientSecurity
    /// Connect there instead of to the call's host.
    var unixSocket: String?
    let mask: SecretMask

    init(
        transport: any HTTPTransport, secrets: any SecretStore, security: ClientSecurity, literals: [String] = []
    ) {
        self.transport = transport
        self.security = security
        mask = SecretMask(secrets: secrets, security: security, literals: literals)
    }

    struct Call: Sendable {
        var method = "GET"
        var url: String
        var headers: [TextPair] = []
        var body: String?
        var contentType = "application/json"
        /// A call that only reads leaves nothing in doubt when its answer is lost.
        var isChange = false
        /// Several calls of one read-back fit into it.
        var bodyLimitBytes = 1 << 20
    }

    /// - Throws: ``Refusal`` when there is no answer or no time; any status is an answer.
    func send(_ call: Call, deadline: Deadline) async throws(Refusal) -> HTTPResponse {
        let limitMs = deadline.remainingMs
        guard limitMs > 0 else { throw Refusal(.unreachable, "no time was left for \(call.method)") }
        var request = HTTPRequest(
            method: call.method, url: call.url, headers: call.headers + [TextPair("Accept", "application/json")],
            unixSocket: unixSocket, connectTimeoutMs: limitMs, timeoutMs: limitMs, bodyLimitBytes: call.bodyLimitBytes,
            security: security)
        if let body = call.body {
            request.headers.append(TextPair("Content-Type", call.contentType))
            request.body = Array(body.utf8)
        }
        do {
            return try await transport.send(request)
        } catch {
            throw Refusal(error, mayHaveActed: call.isChange)
        }
    }

    /// The document of a 2xx answer.
    func document(_ call: Call, deadline: Deadline) async throws(Refusal) -> JSONValue {
        let response = try await send(call, deadline: deadline)
        guard (200..<300).contains(response.status) else { throw refusal(response) }
        do {
            return try JSONParser.parse(response.body)
        } catch {
            throw Refusal(.rejected, "the answer is not JSON: \(mask.clean(response.body))")
        }
    }

    func refusal(_ response: HTTPResponse) -> Refusal {
        .status(response.status, body: mask.clean(response.body), hasCredential: security.authorization != nil)
    }
}

extension JSONValue {
    /// The items of a list; nothing for anything else.
    var items: [JSONValue] {
        if case .list(let items) = self { return items }
        return []
    }

    var text: String? {
        if case .text(let text) = self { return text }
        return nil
    }

    var isTrue: Bool { self == .bool(true) }

    /// Several names deep.
    subscript(path names: String...) -> JSONValue? {
        var place: JSONValue? = self
        for name in names { place = place?[name] }
        return place
    }
}

extension RouterObservation {
    /// Nothing could be read. The level stays what the driver promises: `none` would mean that it never shows it.
    static func unread(
        _ instance: String, level: RouterCapabilities.Level, _ problem: String
    ) -> RouterObservation {
        RouterObservation(instance: instance, canaryBasisPoints: nil, level: level, problem: ShownText.line(problem))
    }
}
