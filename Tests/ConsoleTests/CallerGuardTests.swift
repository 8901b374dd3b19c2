import ReleaseKernel
import Testing

@testable import Console

struct CallerGuardTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let call: CallerGuard.Call
        let isTaken: Bool

        var testDescription: String { name }

        init(
            _ name: String, peer: String? = "127.0.0.1", host: String? = "localhost:9411", origin: String? = nil,
            authorization: [String] = [], isForwarded: Bool = false, isTaken: Bool
        ) {
            self.name = name
            call = .init(
                peer: peer, host: host, origin: origin, authorization: authorization, isForwarded: isForwarded)
            self.isTaken = isTaken
        }
    }

    @Test(arguments: [
        Row("from this machine", isTaken: true),
        Row("over IPv6", peer: "::1", host: "[::1]:9411", isTaken: true),
        Row("over a unix socket", peer: nil, isTaken: true),
        Row("to the configured host", host: "Rollguard.Internal", isTaken: true),
        Row("to an address", host: "192.168.1.5:9411", isTaken: true),
        Row("from another machine", peer: "10.0.0.5", isTaken: false),
        Row("from another machine over IPv6", peer: "2001:db8::1", isTaken: false),
        Row("with a rebound name", host: "evil.example:9411", isTaken: false),
        Row("with a name that begins like an address", host: "127.0.0.1.evil.example", isTaken: false),
        Row("without a host", host: nil, isTaken: false),
        Row("with a host that is none", host: "localhost:x", isTaken: false),
        Row("through a proxy", isForwarded: true, isTaken: false),
        Row("from our own page", origin: "http://localhost:9411", isTaken: true),
        Row("from another site's page", origin: "https://evil.example", isTaken: false),
        Row("from a page on another port", origin: "http://localhost:8080", isTaken: false),
        Row("from a page without an origin", origin: "null", isTaken: false),
        Row("with a token that nobody asked for", peer: "10.0.0.5", authorization: ["Bearer x"], isTaken: false),
    ])
    func withoutATokenOnlyThisMachineMayChangeThings(row: Row) {
        let callers = CallerGuard(listen: ListenPlan(host: "rollguard.internal"), secrets: OneSecret())
        #expect(isTaken(row.call, by: callers) == row.isTaken)
    }

    @Test(arguments: [
        Row("with it", peer: "10.0.0.5", host: "rollguard.example", authorization: ["Bearer t0ken"], isTaken: true),
        Row("with it and a small scheme", authorization: ["bearer t0ken"], isTaken: true),
        Row("through a proxy", authorization: ["Bearer t0ken"], isForwarded: true, isTaken: true),
        Row(
            "from our own page behind TLS", host: "rollguard.example", origin: "https://rollguard.example",
            authorization: ["Bearer t0ken"], isTaken: true),
        Row(
            "from another site's page", host: "rollguard.example", origin: "https://evil.example",
            authorization: ["Bearer t0ken"], isTaken: false),
        Row("without it", isTaken: false),
        Row("with another", authorization: ["Bearer t0keN"], isTaken: false),
        Row("with a part", authorization: ["Bearer t0ke"], isTaken: false),
        Row("with nothing after the scheme", authorization: ["Bearer "], isTaken: false),
        Row("with another scheme", authorization: ["Basic t0ken"], isTaken: false),
        Row("with two", authorization: ["Bearer t0ken", "Bearer t0ken"], isTaken: false),
    ])
    func withATokenWhoeverHoldsItMayChangeThings(row: Row) {
        let callers = CallerGuard(
            listen: ListenPlan(token: .file("/t")), secrets: OneSecret(content: .success("t0ken")))
        #expect(isTaken(row.call, by: callers) == row.isTaken)
    }

    private func isTaken(_ call: CallerGuard.Call, by callers: CallerGuard) -> Bool {
        do throws(CallerGuard.Refusal) { try callers.check(call) } catch { return false }
        return true
    }
}
