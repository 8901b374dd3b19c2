import Foundation
import RouterConformance
import Testing

/// Every driver against everything a caller may rely on: first against a fake that misbehaves on purpose, in
/// milliseconds, then against the real program.
@Suite("Router conformance", .timeLimit(.minutes(15)))
struct ConformanceTests {
    @Test(arguments: BenchKind.scripted, RouterFact.allCases)
    func holdsOnAFake(_ kind: BenchKind, _ fact: RouterFact) async throws {
        try await check(kind, fact)
    }

    @Test(arguments: BenchKind.turned, RouterFact.allCases)
    func holdsOnAFakeWithTurnedRoles(_ kind: BenchKind, _ fact: RouterFact) async throws {
        try await check(kind, fact)
    }

    /// One after the other: each starts two programs, and a hundred at once would only measure the machine. What a real
    /// program cannot be brought to is not started for.
    @Test(.serialized, arguments: BenchKind.real.filter(\.isInstalled).flatMap(\.checks))
    func holdsOnTheRealProgram(_ pair: BenchKind.Check) async throws {
        try await check(pair.kind, pair.fact)
    }

    /// The checks of a missing program are skipped silently. That must not happen where everything was installed.
    @Test(.enabled(if: Environment.expectsPrograms, "only `make test` installs every router"))
    func everyRealProgramIsInstalled() {
        #expect(BenchKind.real.filter { !$0.isInstalled }.map(\.name) == [])
    }

    private func check(_ kind: BenchKind, _ fact: RouterFact) async throws {
        try await kind.run { bench in
            switch try await fact.check(on: bench) {
            case .holds: break
            case .notCheckable: #expect(kind.cannotCheck.contains(fact), "\(kind.name) should be able to check \(fact)")
            case .broken(let what): Issue.record("\(kind.name): \(fact.rawValue): \(what.joined(separator: "\n"))")
            }
        }
    }

    /// A kit that lets everything pass would be no kit: a driver that repeats what it was asked is found out.
    @Test func aDriverThatLiesIsFoundOut() async throws {
        for fact in [RouterFact.observeReportsWhatTheRouterHas, .wrongNamesAreNeverTakenForSuccess, .aLieIsFoundOut] {
            try await BenchKind.parrot.run { bench in
                guard case .broken = try await fact.check(on: bench) else {
                    Issue.record("\(fact.rawValue) does not find out a driver that repeats what it was asked")
                    return
                }
            }
        }
    }
}

private enum Environment {
    static var expectsPrograms: Bool { ProcessInfo.processInfo.environment["ROLLGUARD_EXPECTS_PROGRAMS"] == "1" }
}
