import Model
import Testing

@testable import API

struct CallerGuardTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let call: CallerGuard.Call
        let isTaken: Bool

        var testDescription: String { name }

        init(
            _ name: String, peer: String? = "127.0.0.1", host: String? = "localhost:9411", origin: String? = nil,
            authorization: [String] = [], isForwarded: Bool = false, isOnSocket: Bool = false, isChange: Bool = true,
            isTaken: Bool
        ) {
            self.name = name
            call = .init(
                isChange: isChange, isOnSocket: isOnSocket, peer: peer, host: host, origin: origin,
                authorization: authorization, isForwarded: isForwarded)
            self.isTaken = isTaken
        }
    }

    @Test(arguments: [
        Row("from this machine", isTaken: true),
        Row("over IPv6", peer: "::1", host: "[::1]:9411", isTaken: true),
        Row("over a unix socket", peer: nil, host: "evil.example", isOnSocket: true, isTaken: true),
        Row("from an unknown peer", peer: nil, isTaken: false),
        Row("to another configured name", host: "rollguard.example:80", isTaken: true),
        Row("to the machine's own name", host: "machine-7", isTaken: true),
        Row("to the configured host", host: "Rollguard.Internal", isTaken: true),
        Row("to an address", host: "192.168.1.5:9411", isTaken: true),
        Row("from another machine", peer: "10.0.0.5", isTaken: false),
        Row("from another machine over IPv6", peer: "2001:db8::1", isTaken: false),
        Row("with a rebound name", host: "evil.example:9411", isTaken: false),
        Row("with a name that begins like an address", host: "127.0.0.1.evil.example", isTaken: false),
        Row("without a host", host: nil, isTaken: false),
        Row("with a host that is none", host: "localhost:x", isTaken: false),
        Row("through a proxy", isForwarded: true, isTaken: false),
        Row("from our own web page", origin: "http://localhost:9411", isTaken: true),
        Row("from another site's web page", origin: "https://evil.example", isTaken: false),
        Row("from a web page on another port", origin: "http://localhost:8080", isTaken: false),
        Row("from a web page without an origin", origin: "null", isTaken: false),
        Row("with a token that is not required", peer: "10.0.0.5", authorization: ["Bearer x"], isTaken: false),
    ])
    func whereLoopbackMayChangeThingsNoOtherAddressMay(row: Row) {
        let listen = ListenPlan(
            host: "rollguard.internal", names: ["Rollguard.example"], allowsLoopbackChanges: true)
        let callers = CallerGuard(listen: listen, secrets: OneSecret(), machineName: "machine-7")
        #expect(isTaken(row.call, by: callers) == row.isTaken)
    }

    /// A loopback address says nothing: it may be a proxy's, which need not say that it is one.
    @Test(arguments: [
        Row("from this machine", isTaken: false), Row("over IPv6", peer: "::1", host: "[::1]:9411", isTaken: false),
        Row("with a token that is not required", authorization: ["Bearer x"], isTaken: false),
        Row("over the unix socket", peer: nil, isOnSocket: true, isTaken: true),
        Row(
            "over the unix socket for another site's web page", origin: "https://evil.example", isOnSocket: true,
            isTaken: false),
    ])
    func withoutATokenChangesAreTakenOnTheUnixSocketOnly(row: Row) {
        let callers = CallerGuard(listen: ListenPlan(), secrets: OneSecret(), socketPath: "/state/rollguard.sock")
        #expect(isTaken(row.call, by: callers) == row.isTaken)
    }

    @Test(arguments: [
        Row("of this machine", isChange: false, isTaken: true),
        Row("from elsewhere", peer: "10.0.0.5", host: "10.0.0.1:9411", isChange: false, isTaken: true),
        Row("without a host", host: nil, isChange: false, isTaken: true),
        Row("to the configured host", host: "rollguard.internal:9411", isChange: false, isTaken: true),
        Row("with a rebound name", host: "evil.example:9411", isChange: false, isTaken: false),
        Row("with a host that is none", host: "a b", isChange: false, isTaken: false),
        Row("for another site's web page", origin: "https://evil.example", isChange: false, isTaken: false),
        Row("through a proxy", isForwarded: true, isChange: false, isTaken: true),
        Row(
            "under any name with the token", host: "rollguard.example", authorization: ["Bearer t0ken"],
            isChange: false, isTaken: true),
        Row(
            "under any name with another token", host: "rollguard.example", authorization: ["Bearer other"],
            isChange: false, isTaken: false),
        Row("on the unix socket", host: "anything", isOnSocket: true, isChange: false, isTaken: true),
    ])
    func readsMustMeanThisDaemonToo(row: Row) {
        let callers = CallerGuard(
            listen: ListenPlan(host: "rollguard.internal", token: .file("/t")),
            secrets: OneSecret(content: .success("t0ken")))
        #expect(isTaken(row.call, by: callers) == row.isTaken)
    }

    @Test(arguments: [
        Row("with it", peer: "10.0.0.5", host: "rollguard.example", authorization: ["Bearer t0ken"], isTaken: true),
        Row("with it and a small scheme", authorization: ["bearer t0ken"], isTaken: true),
        Row("through a proxy", authorization: ["Bearer t0ken"], isForwarded: true, isTaken: true),
        Row(
            "from our own web page behind TLS", host: "rollguard.example", origin: "https://rollguard.example",
            authorization: ["Bearer t0ken"], isTaken: true),
        Row(
            "from another site's web page", host: "rollguard.example", origin: "https://evil.example",
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
