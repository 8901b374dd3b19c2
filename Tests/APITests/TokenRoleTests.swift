import Model
import Ports
import Testing

@testable import API

/// Several tokens, each with a name and roles.
struct TokenRoleTests {
    private static let tokens = [
        TokenPlan(name: "ci", secret: .environment("CI"), may: [.release]),
        TokenPlan(name: "lead", secret: .environment("LEAD"), may: [.approve]),
        TokenPlan(name: "sre", secret: .environment("SRE"), may: [.release, .approve, .operate]),
    ]

    /// Each variable holds its own name in lower case.
    private struct Secrets: SecretStore {
        var unreadable: Set<String> = []

        func secret(_ reference: SecretReference) throws(SecretError) -> String {
            guard case .environment(let name) = reference, !unreadable.contains(name) else {
                throw .unreadableFile(path: "/t", reason: "Permission denied")
            }
            return "\(name.lowercased())-secret"
        }
    }

    private static func caller(
        _ authorization: [String], isChange: Bool = true, isOnSocket: Bool = false, secrets: Secrets = Secrets()
    ) throws(CallerGuard.Refusal) -> CallerIdentity {
        let callers = CallerGuard(listen: ListenPlan(tokens: tokens), secrets: secrets)
        return try callers.check(
            .init(
                isChange: isChange, isOnSocket: isOnSocket, peer: "127.0.0.1", host: "localhost",
                authorization: authorization, isForwarded: false))
    }

    @Test(arguments: tokens)
    func aTokenSaysWhoCallsAndWhatTheyMay(_ token: TokenPlan) throws {
        let caller = try Self.caller(["Bearer \(token.name)-secret"])
        #expect(caller == CallerIdentity(name: token.name, may: Set(token.may)))
        for role in CallerRole.allCases {
            let isTaken = (try? caller.check(role)) != nil
            #expect(isTaken == token.may.contains(role))
        }
    }

    @Test func withoutATokenNothingIsChanged() throws {
        #expect(throws: CallerGuard.Refusal.self) { try Self.caller([]) }
        #expect(throws: CallerGuard.Refusal.self) { try Self.caller(["Bearer ops-secret"]) }
        #expect(throws: CallerGuard.Refusal.self) { try Self.caller(["Bearer "]) }
        #expect(try Self.caller([], isChange: false) == .reader)
        #expect(try Self.caller(["Bearer ci-secret"], isChange: false).name == "ci")
        #expect(try Self.caller([], isOnSocket: true) == .unnamed)
    }

    /// One that cannot be read takes nothing from the others.
    @Test func aTokenThatCannotBeReadShutsOutItsHolderAlone() throws {
        let secrets = Secrets(unreadable: ["CI"])
        #expect(try Self.caller(["Bearer sre-secret"], secrets: secrets).name == "sre")
        #expect {
            try Self.caller(["Bearer ci-secret"], secrets: secrets)
        } throws: { error in
            if case .unavailable = error as? CallerGuard.Refusal { true } else { false }
        }
    }

    @Test(arguments: [("ci", 403), ("lead", 403), ("sre", 202), ("ops", 403)])
    func whatARoleDoesNotAllowIsRefused(_ name: String, _ status: Int) async throws {
        try await LiveConsole.run(tokens: Self.tokens, secrets: Secrets()) { console in
            let reply = try await console.post(
                "/api/v1/releases/checkout/rollback", #"{"reason":"x"}"#,
                headers: ["Authorization: Bearer \(name)-secret"])
            #expect(reply.status == status, "\(reply.text)")
            #expect(!reply.text.contains("-secret"))
            #expect(await console.operations.asked.count == (status == 202 ? 1 : 0))
            guard name == "ci" else { return }
            #expect(
                try reply.decoded(ErrorDocument.self).error
                    == "this call needs the role `operate`, and the token ci has `release`; use another token, or add the role "
                    + "to `tokens` in `listen`")
        }
    }

    @Test(arguments: [
        ("ci", "/api/v1/releases/checkout/prepare", #"{"version":"v2"}"#, 202),
        ("ci", "/api/v1/rollouts/checkout-r42/abort", #"{"reason":"x"}"#, 202),
        ("ci", "/api/v1/rollouts/checkout-r42/approve", #"{"step":1}"#, 403),
        ("ci", "/api/v1/rollouts/checkout-r42/promote", #"{"step":1}"#, 403),
        ("lead", "/api/v1/rollouts/checkout-r42/approve", #"{"step":1}"#, 202),
        ("lead", "/api/v1/releases/checkout/begin", #"{"version":"v2"}"#, 403),
        ("lead", "/api/v1/releases/checkout/freeze", #"{"reason":"x"}"#, 403),
        ("sre", "/api/v1/releases/checkout/freeze", #"{"reason":"x"}"#, 202),
    ])
    func anOrderNeedsItsRole(name: String, path: String, body: String, status: Int) async throws {
        try await LiveConsole.run(tokens: Self.tokens, secrets: Secrets()) { console in
            let reply = try await console.post(path, body, headers: ["Authorization: Bearer \(name)-secret"])
            #expect(reply.status == status, "\(reply.text)")
            #expect(await console.operations.asked.isEmpty == (status == 403))
        }
    }

    @Test(arguments: [("ci", true), ("sre", false)])
    func aTokenWithoutOperateIsLimitedToItsOwnRollouts(_ name: String, _ isLimited: Bool) async throws {
        try await LiveConsole.run(tokens: Self.tokens, secrets: Secrets()) { console in
            _ = try await console.post(
                "/api/v1/rollouts/checkout-r42/abort", #"{"reason":"x"}"#,
                headers: ["Authorization: Bearer \(name)-secret"])
            guard case .order(_, _, let context) = await console.operations.asked.first else {
                // The other one may not abort at all.
                return #expect(!isLimited)
            }
            #expect(context.by == name && context.isLimitedToOwn == isLimited)
        }
    }

    @Test func theNameIsTheTokensAndWhatTheBodySaysIsAClaim() async throws {
        try await LiveConsole.run(tokens: Self.tokens, secrets: Secrets()) { console in
            _ = try await console.post(
                "/api/v1/rollouts/checkout-r42/approve", #"{"step":1,"by":"ann","reason":"fine"}"#,
                headers: ["Authorization: Bearer lead-secret"])
            let asked = await console.operations.asked
            guard case .order(_, _, let context) = asked.first else {
                Issue.record("nothing was asked")
                return
            }
            #expect(context.by == "lead")
            #expect(context.reason == "fine (claimed by ann)")
        }
    }
}
