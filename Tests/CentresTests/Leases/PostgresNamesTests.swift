import Foundation
import Model
import Synchronization
import Testing

@testable import Leases

@Suite("Names of PostgreSQL servers")
struct PostgresNamesTests {
    private static func settings(_ host: String) -> PostgresSettings {
        PostgresSettings(name: "\(host):5432", pairs: [("host", host), ("port", "5432"), ("user", "rollguard")])
    }

    /// Certificates are checked by the name, so it stays beside the addresses.
    @Test func aNameGetsItsAddresses() throws {
        let names = PostgresNames { name in
            name == "db-1" ? .addresses(["10.0.0.1", "::1"]) : .failed(reason: "there is no \(name)")
        }
        let found = try names.resolved(Self.settings("db-1"), timeoutMs: 10_000)
        let expected = [
            ("port", "5432"), ("user", "rollguard"), ("host", "db-1,db-1"), ("hostaddr", "10.0.0.1,::1"),
        ]
        #expect(found == PostgresSettings(name: "db-1:5432", pairs: expected))
        let trouble = #expect(throws: PostgresTrouble.self) {
            _ = try names.resolved(Self.settings("db-2"), timeoutMs: 10_000)
        }
        #expect(trouble?.text == "its name cannot be resolved: there is no db-2")
    }

    @Test(arguments: ["127.0.0.1", "::1", "/run/postgresql", ""]) func whatIsNoNameIsNotLookedUp(_ host: String) throws
    {
        let names = PostgresNames { _ in .failed(reason: "it was looked up") }
        let found = try names.resolved(Self.settings(host), timeoutMs: 10_000)
        #expect(found == Self.settings(host))
    }

    @Test func theSystemKnowsThisHost() throws {
        let found = try PostgresNames.system.resolved(Self.settings("localhost"), timeoutMs: 60_000)
        let addresses = try #require(found.pairs.first { $0.0 == "hostaddr" }?.1)
        #expect(addresses.contains("127.0.0.1") || addresses.contains("::1"), "\(addresses)")
    }

    /// A lookup that hangs is not waited for, and not begun again; its answer is taken by who waits when it comes.
    @Test func aLookupThatHangsHoldsNoCallUp() throws {
        let (gate, count) = (DispatchSemaphore(value: 0), Counter())
        let names = PostgresNames { _ in
            count.add()
            gate.wait()
            return .addresses(["10.0.0.1"])
        }
        for _ in 0..<3 {
            let trouble = #expect(throws: PostgresTrouble.self) {
                _ = try names.resolved(Self.settings("db-1"), timeoutMs: 20)
            }
            #expect(trouble?.text == "its name was not resolved within 20 ms")
        }
        gate.signal()
        gate.signal()
        let found = try names.resolved(Self.settings("db-1"), timeoutMs: 60_000)
        #expect(found.pairs.contains { $0 == ("hostaddr", "10.0.0.1") } && count.value <= 2)
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }
}

/// Beside a server that runs.
@Suite(
    "Names of PostgreSQL servers, with a real server", .enabled(if: RealPostgres.isThere, "needs postgresql and psql"),
    .timeLimit(.minutes(5)))
struct PostgresNamesLiveTests {
    /// An endpoint whose name hangs leaves its time to the next one.
    @Test func theServerAfterANameThatHangsIsUsed() async throws {
        try await RealPostgres.run { server in
            let gate = DispatchSemaphore(value: 0)
            defer { gate.signal() }
            let names = PostgresNames { name in
                if name == "hangs.example" { gate.wait() }
                return .addresses(["127.0.0.1"])
            }
            let link = PostgresLink(library: PostgresLibrary.path, names: names)
            let hanging = PostgresSettings(name: "hangs.example:5432", pairs: [("host", "hangs.example")])
            let known = PostgresSettings(
                name: "db.example:\(server.port)",
                pairs: [
                    ("host", "db.example"), ("port", "\(server.port)"), ("dbname", "rollguard"),
                    ("user", "rollguard"), ("password", "right-secret-c0ffee"),
                ])
            let answer = await link.run("select 7", at: [hanging, known], timeoutMs: 10_000)
            #expect(answer == .success([[["7"]]]))
            await link.close()
        }
    }
}
