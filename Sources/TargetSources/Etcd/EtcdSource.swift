import Discovery
import Model
import Ports

/// Reads the keys under a prefix, all at one revision, and watches for a change.
///
/// The watch only says when to read again: a watch from a revision that the cluster does not have, which a restored
/// backup leaves, is silent for ever. So the keys are read again after `refresh` in any case.
struct EtcdSource: TargetSource {
    private static let partSize = 1_000
    private static let partLimit = 20
    private static let retryLimitMs: Int64 = 15_000
    /// After a change: several keys may change together.
    private static let settleMs: Int64 = 200

    private let plan: EtcdSourcePlan
    private let setup: SourceSetup
    private let first: [UInt8]
    private let end: [UInt8]

    init(plan: EtcdSourcePlan, setup: SourceSetup) {
        self.plan = plan
        self.setup = setup
        first = Array(plan.prefix.utf8)
        end = EtcdKeys.end(of: first)
    }

    var name: String { "etcd \(plan.prefix)" }
    var refreshMs: Int64 { plan.refreshMs }

    func run(_ report: @escaping @Sendable (SourceAnswer) async -> Void) async {
        var retryMs = RefreshLoop.firstRetryMs
        while !Task.isCancelled {
            var place: (member: EtcdMember, revision: String)?
            let answer = await RefreshLoop.answer { () throws(SourceError) in
                let read = try await read()
                place = (read.member, read.revision)
                return try EtcdTargets.groups(read.entries)
            }
            if Task.isCancelled { return }
            await report(answer)
            do throws(CancellationError) {
                if case .list = answer, let place {
                    retryMs = RefreshLoop.firstRetryMs
                    try await waitForChange(place.member, after: place.revision)
                } else {
                    try await setup.clock.sleep(ms: retryMs)
                    retryMs = min(retryMs * 2, EtcdSource.retryLimitMs)
                }
            } catch { return }
        }
    }

    // MARK: Reading

    private struct Reading {
        var member: EtcdMember
        var entries: [EtcdKeys.Entry]
        var revision: String
    }

    /// The members are tried in order.
    private func read() async throws(SourceError) -> Reading {
        var failure = SourceError("there is no endpoint")
        for endpoint in plan.endpoints {
            do throws(SourceError) {
                let member = try await EtcdMember.login(endpoint, security: plan.security, setup: setup)
                return try await read(member)
            } catch { failure = SourceError("\(SourceServer(endpoint, setup: setup).name): \(error.reason)") }
        }
        throw failure
    }

    /// In parts, all at the revision of the first one.
    private func read(_ member: EtcdMember) async throws(SourceError) -> Reading {
        var entries: [EtcdKeys.Entry] = []
        var revision: String?
        var start = first
        for _ in 0..<EtcdSource.partLimit {
            let body = EtcdKeys.rangeBody(from: start, to: end, limit: EtcdSource.partSize, revision: revision)
            let part = try await member.call(EtcdKeys.Range.self, "/v3/kv/range", body)
            entries += try part.entries()
            revision = revision ?? part.header.revision
            guard part.more == true, let last = entries.last else {
                return Reading(member: member, entries: entries, revision: revision ?? part.header.revision)
            }
            start = last.key + [0]
        }
        throw SourceError("there are more than \(EtcdSource.partSize * EtcdSource.partLimit) keys")
    }

    // MARK: Watching

    /// Returns after a change, or when the keys have to be read all the same.
    private func waitForChange(_ member: EtcdMember, after revision: String) async throws(CancellationError) {
        let due = setup.clock.now.uptimeMs + plan.refreshMs
        var hasChanged = false
        if let body = EtcdKeys.watchBody(from: first, to: end, after: revision) {
            hasChanged = await member.watch(body, timeoutMs: plan.refreshMs)
        }
        let leftMs = due - setup.clock.now.uptimeMs
        try await setup.clock.sleep(ms: hasChanged ? min(EtcdSource.settleMs, leftMs) : leftMs)
    }
}

/// One member of the cluster, with a token where it wants one.
struct EtcdMember: Sendable {
    private let server: SourceServer
    private let token: String?

    /// Tokens are short-lived and belong to one member, so each reading asks for its own; with no user there is none.
    static func login(
        _ endpoint: String, security: ClientSecurity, setup: SourceSetup
    ) async throws(SourceError) -> EtcdMember {
        var anonymous = security
        // The gateway takes a token of its own, without "Basic" or "Bearer" in front of it.
        anonymous.authorization = nil
        let server = SourceServer(endpoint, security: anonymous, setup: setup)
        guard case .basic(let user, let reference) = security.authorization else {
            return EtcdMember(server: server, token: nil)
        }
        let password: String
        do throws(SecretError) { password = try setup.secrets.secret(reference) } catch {
            throw SourceError(error.description)
        }
        let body = try EtcdKeys.loginBody(user: user, password: password)
        let answer: HTTPResponse
        do throws(SourceError) {
            answer = try await server.send("POST", "/v3/auth/authenticate", body: body)
        } catch {
            // The answer may repeat what was sent.
            guard let status = error.status else { throw error }
            throw SourceError("the login of \(user) was refused with status \(status)", status: status)
        }
        let token = try AnswerJSON.decode(EtcdKeys.Token.self, answer.body, of: "the login").token
        return EtcdMember(server: server, token: token)
    }

    func call<Answer: Decodable>(_ type: Answer.Type, _ path: String, _ body: [UInt8]) async throws(SourceError)
        -> Answer
    {
        let answer = try await server.send("POST", path, headers: headers, body: body)
        return try AnswerJSON.decode(type, answer.body, of: path)
    }

    /// Whether the watch saw a change before its time was over, or before it ended in any other way.
    func watch(_ body: [UInt8], timeoutMs: Int64) async -> Bool {
        var hasChanged = false
        // Ends the watch soon after the cluster has lost its leader; else it would be silent.
        let headers = headers + [TextPair("Grpc-Metadata-hasleader", "true")]
        _ = try? await server.watch(
            "/v3/watch", headers: headers, method: "POST", body: body, timeoutMs: timeoutMs
        ) { line in
            guard let watched = try? AnswerJSON.decode(EtcdKeys.Watched.self, line, of: "the watch") else {
                return false
            }
            hasChanged = watched.result?.events?.isEmpty == false
            return !hasChanged && watched.result != nil && watched.result?.canceled != true
        }
        return hasChanged
    }

    private var headers: [TextPair] { token.map { [TextPair("Authorization", $0)] } ?? [] }
}
