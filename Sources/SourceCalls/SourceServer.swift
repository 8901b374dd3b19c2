import Discovery
package import Model
package import Ports
import Support

/// What asking a server takes, beside its address.
package struct CallSetup: Sendable {
    package let transport: any HTTPTransport
    package let secrets: any SecretStore
    package let clock: any DaemonClock

    package init(transport: any HTTPTransport, secrets: any SecretStore, clock: any DaemonClock) {
        self.transport = transport
        self.secrets = secrets
        self.clock = clock
    }
}

/// One server that a source asks: its address, how it is reached, and what is the same in all requests.
package struct SourceServer: Sendable {
    /// Of a call that the server answers at once.
    package static let timeoutMs: Int64 = 10_000

    /// Without a slash at its end.
    package let base: String
    /// Path of the unix socket through which it is reached.
    package let unixSocket: String?
    private let setup: CallSetup
    private let security: ClientSecurity
    private let masking: SecretReference?

    /// - Parameter masking: a secret beside those of `security` that an answer may repeat.
    package init(
        _ base: String, unixSocket: String? = nil, security: ClientSecurity = ClientSecurity(),
        masking: SecretReference? = nil, setup: CallSetup
    ) {
        self.masking = masking
        self.base = String(base.prefix(base.count - base.reversed().prefix { $0 == "/" }.count))
        self.unixSocket = unixSocket
        self.security = security
        self.setup = setup
    }

    /// For messages.
    package var name: String { unixSocket.map { "unix://\($0)" } ?? Redaction.url(base) }

    /// The answer of a GET, whose status is 200. Redirects to another host or port are refused: the request may carry a
    /// token.
    ///
    /// - Parameter query: percent-encoded here; parameters without a value are left out.
    package func get(
        _ path: String, query: [(String, String?)] = [], headers: [TextPair] = [],
        timeoutMs: Int64 = SourceServer.timeoutMs
    ) async throws(SourceError) -> HTTPResponse {
        try await send("GET", path, query: query, headers: headers, body: nil, timeoutMs: timeoutMs)
    }

    package func send(
        _ method: String, _ path: String, query: [(String, String?)] = [], headers: [TextPair] = [],
        body: [UInt8]?, timeoutMs: Int64 = SourceServer.timeoutMs
    ) async throws(SourceError) -> HTTPResponse {
        let response = try await exchange(
            method, path, query: query, headers: headers, body: body, timeoutMs: timeoutMs)
        guard response.status == 200 else { throw refusal(path, response) }
        return response
    }

    /// The answer, whatever its status is.
    package func exchange(
        _ method: String, _ path: String, query: [(String, String?)] = [], headers: [TextPair] = [],
        body: [UInt8]?, timeoutMs: Int64 = SourceServer.timeoutMs
    ) async throws(SourceError) -> HTTPResponse {
        let request = request(method, path, query: query, headers: headers, body: body, timeoutMs: timeoutMs)
        do throws(TransportError) { return try await setup.transport.send(request) } catch {
            throw SourceError("\(path): \(masked(error.description))")
        }
    }

    /// A request whose answer is one document per line.
    ///
    /// - Parameter take: the next line; false ends the watch.
    /// - Returns: the status of the answer: 200 also when the time was over or `take` ended it, or 410.
    package func watch(
        _ path: String, query: [(String, String?)] = [], headers: [TextPair] = [], method: String = "GET",
        body: [UInt8]? = nil, timeoutMs: Int64, _ take: ([UInt8]) async -> Bool
    ) async throws(SourceError) -> Int {
        var request = request(method, path, query: query, headers: headers, body: body, timeoutMs: timeoutMs)
        // A compressed answer would arrive in blocks.
        request.acceptsCompression = false
        let response: HTTPResponse?
        do throws(TransportError) {
            response = try await WatchLines(transport: setup.transport).run(request, take)
        } catch {
            if case .timedOut = error { return 200 }
            throw SourceError("\(path): \(masked(error.description))")
        }
        guard let response, response.status != 200 else { return 200 }
        guard response.status == 410 else { throw refusal(path, response) }
        return 410
    }

    package func request(
        _ method: String, _ path: String, query: [(String, String?)], headers: [TextPair], body: [UInt8]?,
        timeoutMs: Int64
    ) -> HTTPRequest {
        let pairs = query.compactMap { name, value in
            value.map { "\(QueryText.encoded(name))=\(QueryText.encoded($0))" }
        }
        return HTTPRequest(
            method: method, url: base + path + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")),
            headers: headers, body: body, unixSocket: unixSocket, timeoutMs: timeoutMs,
            bodyLimitBytes: SourceLimits.bodyBytes, redirectLimit: 5, redirectsMayLeaveHost: false,
            acceptsCompression: true, security: security)
    }

    /// What the server says is part of the reason, without the secrets that it may repeat.
    package func refusal(_ path: String, _ response: HTTPResponse) -> SourceError {
        let said = masked(String(decoding: response.body.prefix(4_096), as: UTF8.self))
        let text = ForeignText.line(said.split(whereSeparator: \.isNewline).first.map(String.init) ?? "", limit: 200)
        return SourceError(
            "\(path): status \(response.status)" + (text.isEmpty ? "" : ": \(text)"), status: response.status)
    }

    private func masked(_ text: String) -> String {
        let references = [security.authorization?.reference, masking].compactMap(\.self)
        let secrets = references.compactMap { try? setup.secrets.secret($0) }
        guard !secrets.isEmpty else { return text }
        var masks = SecretMasks()
        for secret in secrets { masks.add(secret) }
        return masks.masked(text, masksParts: true)
    }
}

extension Authorization {
    fileprivate var reference: SecretReference {
        switch self {
        case .bearer(let reference): reference
        case .basic(_, let password): password
        case .header(_, let value): value
        }
    }
}

/// Parts of a URL's path or query.
package enum QueryText {
    package static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isUnreserved(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }
}
