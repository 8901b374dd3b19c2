import API
import ArgumentParser
import ConfigurationFiles
import Foundation
import HTTPClient
import JournalStore
import Model
import Ports

/// Where the running daemon is, for the commands that talk to it.
struct DaemonAddress: ParsableArguments {
    @Option(
        help:
            "The daemon's address. https://NAME:PORT with TLS. [default: ROLLGUARD_ADDRESS, else the configuration's `listen`, else http://127.0.0.1:9411]"
    )
    var address: String?

    @Option(
        help:
            "Take the address and the token from this configuration. [default: rollguard.yaml, /etc/rollguard/rollguard.yaml]",
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(
        help: "A file with the API's token, when the daemon wants one. [default: ROLLGUARD_TOKEN_FILE]",
        completion: .file())
    var tokenFile: String?

    @Option(
        help:
            "The authority that signed the daemon's certificate, or that certificate itself, as a PEM file. [default: ROLLGUARD_CA_FILE]"
    )
    var caFile: String?

    @Option(help: "The daemon's unix socket: rollguard.sock in its state folder.")
    var socket: String?

    func open() throws -> DaemonAPI {
        // What is on the command line comes first, and so does a configuration that is named there.
        let environment =
            config == nil && socket == nil ? DaemonEnvironmentVariables() : DaemonEnvironmentVariables([:])
        let address = address ?? environment.address
        let plan = try plan(isNeeded: address == nil)
        let token = (tokenFile ?? environment.tokenFile).map(SecretReference.file) ?? plan.listen.token
        return DaemonAPI(
            base: base(plan.listen, address), token: token, caFile: caFile ?? environment.caFile,
            socket: socket ?? (address == nil ? ownSocket(plan) : nil))
    }

    /// What the configuration says of the daemon. A configuration that was found and not named is a help at most: without the right to
    /// read it, or its token, the daemon can be asked all the same.
    private func plan(isNeeded: Bool) throws -> DaemonPlan {
        if let config {
            do { return try ConfigurationFile(path: config).load().daemon } catch { throw Failure.no("\(error)") }
        }
        guard isNeeded, let path = DefaultPaths.configuration,
            var plan = try? ConfigurationFile(path: path).load().daemon
        else { return DaemonPlan(stateDirectory: "") }
        if let token = plan.listen.token, (try? SystemSecretStore().secret(token)) == nil { plan.listen.token = nil }
        return plan
    }

    /// With TLS the certificate seldom has the name of the address in `listen`, and none of several tokens is the command's;
    /// the daemon's own user needs neither.
    private func ownSocket(_ plan: DaemonPlan) -> String? {
        let hasToken = tokenFile != nil || DaemonEnvironmentVariables().tokenFile != nil
        let isShut = plan.listen.tls != nil || !hasToken && !plan.listen.tokens.isEmpty
        guard isShut, caFile == nil else { return nil }
        let path = SQLiteJournal.path(of: UnixSocketFile.name, in: plan.stateDirectory)
        return UnixSocketFile.isOwn(path) ? path : nil
    }

    private func base(_ listen: ListenPlan, _ address: String?) -> String {
        guard let address else {
            // A daemon that listens everywhere is reached here.
            let host = ["0.0.0.0", "::"].contains(listen.host) ? "127.0.0.1" : listen.host
            let scheme = listen.tls == nil ? "http" : "https"
            return scheme + "://" + (host.contains(":") ? "[\(host)]" : host) + ":\(listen.port)"
        }
        let withScheme = address.contains("://") ? address : "http://" + address
        return withScheme.hasSuffix("/") ? String(withScheme.dropLast()) : withScheme
    }
}

/// The running daemon's API.
struct DaemonAPI {
    let base: String
    let token: SecretReference?
    var caFile: String?
    /// Used instead of the address.
    var socket: String?

    /// The answer's body as it came.
    func get(_ path: String) async throws -> [UInt8] { try await send("GET", path, body: nil) }

    /// - Parameter timeoutMs: for the whole answer.
    func get<Document: Decodable>(
        _ path: String, as type: Document.Type, timeoutMs: Int64 = 5_000
    ) async throws -> Document {
        try decode(try await send("GET", path, body: nil, timeoutMs: timeoutMs), type)
    }

    func post<Document: Decodable>(
        _ path: String, _ fields: [String: String], as type: Document.Type
    ) async throws -> Document {
        try decode(try await send("POST", path, body: try JSONEncoder().encode(fields).map { $0 }), type)
    }

    func post<Document: Decodable>(
        _ path: String, fields: [String: OrderField], as type: Document.Type
    ) async throws -> Document {
        try decode(try await send("POST", path, body: try JSONEncoder().encode(fields).map { $0 }), type)
    }

    /// A name as a part of a path.
    static func escaped(_ name: String) -> String {
        name.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._~"))) ?? name
    }

    /// The daemon's answer, whatever its status.
    func response(
        _ method: String, _ path: String, body: [UInt8]?, headers: [TextPair] = [], timeoutMs: Int64 = 5_000
    ) async throws -> HTTPResponse {
        let response = try await exchange(
            method, path, body: body, headers: headers, timeoutMs: timeoutMs, socket: socket)
        // Without a token the daemon takes changes on its unix socket only, and says where that is.
        guard response.status == 403, socket == nil, token == nil, let own = ownSocket(response) else {
            return response
        }
        return try await exchange(method, path, body: body, headers: headers, timeoutMs: timeoutMs, socket: own)
    }

    /// - Throws: ``Failure`` for an answer that is an error.
    func document<Document: Decodable>(_ response: HTTPResponse, _ type: Document.Type) throws -> Document {
        guard (200...299).contains(response.status) else { throw refusal(response) }
        return try decode(response.body, type)
    }

    private func send(
        _ method: String, _ path: String, body: [UInt8]?, timeoutMs: Int64 = 5_000
    ) async throws -> [UInt8] {
        let response = try await response(method, path, body: body, timeoutMs: timeoutMs)
        guard (200...299).contains(response.status) else { throw refusal(response) }
        return response.body
    }

    private func exchange(
        _ method: String, _ path: String, body: [UInt8]?, headers given: [TextPair], timeoutMs: Int64, socket: String?
    ) async throws -> HTTPResponse {
        let transport = CurlTransport(userAgent: "Rollguard/\(Rollguard.version)", secrets: SystemSecretStore())
        let headers = given + (body == nil ? [] : [TextPair("Content-Type", "application/json")])
        let request = HTTPRequest(
            method: method, url: (socket == nil ? base : "http://localhost") + path, headers: headers, body: body,
            unixSocket: socket, timeoutMs: timeoutMs,
            bodyLimitBytes: 64 << 20,
            security: ClientSecurity(caFile: caFile, authorization: token.map(Authorization.bearer)))
        let result: Result<HTTPResponse, TransportError>
        do throws(TransportError) { result = .success(try await transport.send(request)) } catch {
            result = .failure(error)
        }
        await transport.shutdown()
        do throws(TransportError) { return try result.get() } catch {
            throw Failure.unreachable("error: \(error); \(DaemonAPI.hint(error))")
        }
    }

    private static let tokenHint = "--token-file, ROLLGUARD_TOKEN_FILE or --config says where the token is"

    private static func hint(_ error: TransportError) -> String {
        guard case .tls = error else {
            return
                "is `rollguard run` running there? --address (https:// when `listen` has `tls`), --config and --socket "
                + "say where it is"
        }
        return
            "--ca-file names the authority that signed the daemon's certificate, or that certificate itself; --address "
            + "has to use a name that the certificate has"
    }

    /// Only ever a socket of this user's with the daemon's name for it, whatever an answer says.
    private func ownSocket(_ response: HTTPResponse) -> String? {
        let document = try? JSONDecoder().decode(ErrorDocument.self, from: Data(response.body))
        return document?.socket.flatMap { UnixSocketFile.isOwn($0) ? $0 : nil }
    }

    private func refusal(_ response: HTTPResponse) -> Failure {
        let document = try? JSONDecoder().decode(ErrorDocument.self, from: Data(response.body))
        let text = document?.error ?? "the daemon answered with status \(response.status)"
        // A daemon that stops or starts is reached again soon.
        if (502...504).contains(response.status) { return .unreachable("error: \(text)") }
        if text.hasPrefix(ErrorDocument.wrongToken) {
            return .no("error: the token that was sent is not the daemon's; \(DaemonAPI.tokenHint)")
        }
        guard response.status == 401 else { return .no("error: \(text)") }
        return .no("error: \(text); \(DaemonAPI.tokenHint)")
    }

    private func decode<Document: Decodable>(_ body: [UInt8], _ type: Document.Type) throws -> Document {
        do { return try JSONDecoder().decode(type, from: Data(body)) } catch {
            throw Failure.unreachable("error: \(base) does not answer like a rollguard of this version")
        }
    }
}
