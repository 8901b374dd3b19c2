import Foundation
import Model
import Ports
import Synchronization
import Telemetry
import Testing

@testable import PlanSteps

/// By answers of the services' documentation.
@Suite("Services of flags")
struct FlagServiceTests {
    @Test func theValueBeforeIsInTheReceipt() async {
        for (body, before) in [(#"{"enabled":true}"#, "on"), (#"{"enabled":false}"#, nil), ("{}", nil)] {
            let transport = ScriptedTransport { _ in ScriptedTransport.status(200, body) }
            let answer = await run(work(.unleash), transport)
            #expect(StepReceipt.before(in: answer.text) == before, "\(answer)")
        }
    }

    @Test func aReadingThatFailsKeepsNoChangeFromBeingMade() async {
        let transport = ScriptedTransport { request in
            request.method == "GET" ? .failure(.timedOut(address: "f", afterMs: 1)) : ScriptedTransport.status(200)
        }
        let answer = await run(work(.unleash), transport)
        #expect(answer.name == "done" && StepReceipt.before(in: answer.text) == nil)
    }

    @Test(arguments: [
        (
            FlagWork.Provider.unleash, 403,
            #"{"name":"NoAccessError","message":"Change requests are enabled in project default"}"#, "change requests"
        ),
        (.launchdarkly, 405, #"{"code":"method_not_allowed"}"#, "approvals are required"),
        (.growthbook, 403, #"{"message":"Approvals"}"#, "may not publish"),
    ])
    func aRefusalNamesItsReason(_ provider: FlagWork.Provider, _ status: Int, _ body: String, _ reason: String) async {
        let transport = ScriptedTransport { request in
            request.method == "GET" ? ScriptedTransport.status(200) : ScriptedTransport.status(status, body)
        }
        let answer = await run(work(provider), transport)
        #expect(answer.name == "refused" && answer.text.contains(reason), "\(answer)")
    }

    @Test func launchDarklyIsAskedAgainAfterAConflictAndAPause() async {
        let statuses = Mutex([409, 429, 200])
        let transport = ScriptedTransport { request in
            guard request.method == "PATCH" else { return ScriptedTransport.status(200) }
            let status = statuses.withLock { $0.removeFirst() }
            return .success(
                HTTPResponse(status: status, headers: status == 429 ? [TextPair("Retry-After", "7")] : []))
        }
        let clock = InstantClock()
        #expect(await run(work(.launchdarkly), transport, clock: clock).name == "done")
        #expect(clock.sleptMs == [7_000])
    }

    /// A pause that is longer than the time of the try is the answer of the try.
    @Test func aLongPauseIsAFailure() async {
        let transport = ScriptedTransport { request in
            .success(
                HTTPResponse(status: request.method == "GET" ? 200 : 429, headers: [TextPair("Retry-After", "60")]))
        }
        let clock = InstantClock()
        #expect(await run(work(.launchdarkly), transport, clock: clock).name == "failed")
        #expect(clock.sleptMs.isEmpty)
    }

    @Test func anOlderGrowthBookIsCalledByItsFirstAPI() async {
        let transport = ScriptedTransport { request in
            guard request.url.contains("/api/v1/") else { return ScriptedTransport.status(404) }
            return ScriptedTransport.status(200, #"{"feature":{"environments":{"prod":{"enabled":true}}}}"#)
        }
        let answer = await run(work(.growthbook), transport)
        #expect(answer.name == "done" && StepReceipt.before(in: answer.text) == "on", "\(answer)")
        #expect(transport.requests.last?.url == "http://f/api/v1/features/new%20one/toggle")
    }

    // MARK: Flipt

    @Test func fliptIsReadAgainAfterAConflict() async throws {
        let revision = Mutex(1)
        let transport = ScriptedTransport { request in
            if request.method == "GET" {
                return ScriptedTransport.status(200, Self.flipt("r\(revision.withLock { $0 })", enabled: true))
            }
            // Another client has written meanwhile.
            let isStale = revision.withLock { number in
                number += 1
                return number == 2
            }
            return ScriptedTransport.status(isStale ? 409 : 200, #"{"revision":"r3"}"#)
        }
        let answer = await run(work(.flipt), transport)
        #expect(answer.name == "done" && StepReceipt.before(in: answer.text) == "on", "\(answer)")
        let puts = transport.requests.filter { $0.method == "PUT" }
        #expect(puts.count == 2 && puts[1].url == "http://f/api/v2/environments/prod/namespaces/default/resources")
        let body = try #require(JSONSerialization.jsonObject(with: Data(puts[1].body ?? [])) as? [String: Any])
        let payload = try #require(body["payload"] as? [String: Any])
        #expect(body["revision"] as? String == "r2" && body["key"] as? String == "new one")
        #expect(payload["enabled"] as? Bool == false && (payload["rollouts"] as? [Any])?.isEmpty == true)
        #expect(payload["description"] as? String == "kept" && payload["@type"] as? String == "flipt.core.Flag")
    }

    /// Rollouts are asked before `enabled`.
    @Test(arguments: [
        (false, "", "proved"), (true, "", "notProved"),
        (false, #"{"threshold":{"percentage":5,"value":true}}"#, "notProved"),
    ])
    func fliptIsReadBack(_ enabled: Bool, _ rollout: String, _ expected: String) async {
        let text = Self.flipt("r1", enabled: enabled, rollout: rollout)
        let answer = await check(work(.flipt), ScriptedTransport { _ in ScriptedTransport.status(200, text) })
        #expect(answer.name == expected, "\(answer)")
    }

    @Test func aFlagOfVariantsIsRefused() async {
        let text = Self.flipt("r1", enabled: true).replacing("BOOLEAN", with: "VARIANT")
        let transport = ScriptedTransport { _ in ScriptedTransport.status(200, text) }
        #expect(await run(work(.flipt), transport).name == "refused")
        #expect(transport.requests.allSatisfy { $0.method == "GET" })
    }

    // MARK: ConfigCat

    @Test func configCatIsPatchedAndKeepsItsRules() async {
        let transport = ScriptedTransport { request in
            request.method == "GET"
                ? ScriptedTransport.status(
                    200,
                    #"{"value":true,"rolloutRules":[{"comparisonValue":"a","value":true}],"rolloutPercentageItems":[]}"#
                )
                : ScriptedTransport.status(204)
        }
        let answer = await run(work(.configcat), transport)
        #expect(answer.name == "done" && StepReceipt.before(in: answer.text) == "on", "\(answer)")
        let request = transport.requests.last
        #expect(request?.method == "PATCH")
        #expect(
            request?.url == "http://f/v1/environments/prod/settings/new%20one/value?reason=rollback%20by%20Rollguard")
        #expect(
            String(decoding: request?.body ?? [], as: UTF8.self)
                == #"[{"op":"replace","path":"/value","value":false},{"op":"replace","path":"/rolloutRules/0/value","value":false}]"#
        )
    }

    @Test(arguments: [
        (#"{"value":false,"rolloutRules":[],"rolloutPercentageItems":[]}"#, "proved"),
        (#"{"value":false,"rolloutRules":[{"value":true}]}"#, "notProved"),
        (#"{"value":false,"rolloutRules":[{"value":false}]}"#, "proved"), (#"{"value":true}"#, "notProved"),
        (#"{"value":"text"}"#, "notProved"),
    ])
    func configCatIsReadBack(_ body: String, _ expected: String) async {
        let answer = await check(
            work(.configcat), ScriptedTransport { _ in ScriptedTransport.status(200, body) })
        #expect(answer.name == expected, "\(answer)")
    }

    @Test func configCatTakesTheSDKKey() async {
        var work = work(.configcat)
        (work.environment, work.sdkKey) = (nil, .environment("KEY"))
        let transport = ScriptedTransport { _ in ScriptedTransport.status(200, #"{"value":false}"#) }
        let driver = FlagStepDriver(calls: StepRequests(transport: transport), secrets: OneSecret())
        #expect(await driver.check(work, call(work)).name == "proved")
        #expect(transport.requests[0].url == "http://f/v1/settings/new%20one/value")
        #expect(transport.requests[0].headers.contains(TextPair("X-CONFIGCAT-SDKKEY", "s3cret")))
        #expect(!driver.plan(work).contains("s3cret"))
    }

    // MARK: Receipts

    @Test(arguments: [
        ("on", "on"), ("a; b", "a; b"), ("", nil), ("x\ny", nil), (String(repeating: "x", count: 101), nil),
    ])
    func aReceiptHoldsOneShortLine(_ before: String, _ expected: String?) {
        let text = StepReceipt.text("done; before: that", before: before)
        let found = StepReceipt.before(in: text)
        #expect(expected == nil ? text == "done; before: that" : found == expected)
    }

    private static func flipt(_ revision: String, enabled: Bool, rollout: String = "") -> String {
        let rollouts = rollout.isEmpty ? "" : #","rollouts":[\#(rollout)]"#
        return
            #"{"resource":{"namespaceKey":"default","key":"new one","payload":{"@type":"flipt.core.Flag","key":"new one","#
            + #""type":"BOOLEAN_FLAG_TYPE","description":"kept","enabled":\#(enabled)\#(rollouts)}},"revision":"\#(revision)"}"#
    }

    private func run(
        _ work: FlagWork, _ transport: ScriptedTransport, clock: InstantClock = InstantClock()
    ) async -> StepAnswer {
        await FlagStepDriver(calls: StepRequests(transport: transport), clock: clock).run(work, call(work))
    }

    private func check(_ work: FlagWork, _ transport: ScriptedTransport) async -> StepAnswer {
        await FlagStepDriver(calls: StepRequests(transport: transport), clock: InstantClock()).check(work, call(work))
    }

    private func work(_ provider: FlagWork.Provider) -> FlagWork {
        FlagWork(
            provider: provider, flag: "new one", url: "http://f", project: provider == .flipt ? nil : "default",
            environment: "prod")
    }

    private func call(_ work: FlagWork) -> StepCall { StepCall.ofFlag(work) }
}

@Suite("A counter that has to be still")
struct MetricProofTests {
    @Test(arguments: [
        ([5, 5, 5], "proved"), ([5, 6, 6], "notProved"), ([5, 5, 6], "notProved"), ([5, 0, 0], "notProved"),
        // The first evaluation with the variant makes the series.
        ([nil, 1, 1], "notProved"),
    ])
    func everyReadingHasToShowTheSame(_ readings: [Int?], _ expected: String) async {
        let answer = await check([readings, [7, 7, 7]])
        #expect(answer.name == expected, "\(answer)")
    }

    @Test func aCounterThatIsNowhereProvesNothing() async {
        let answer = await check([[nil, nil, nil], [nil, nil, nil]])
        #expect(answer.name == "unreadable" && answer.text.contains("no target has"), "\(answer)")
    }

    @Test func aTargetThatCannotBeReadProvesNothing() async {
        let transport = ScriptedTransport { request in
            request.url.contains("a:1")
                ? .failure(.closed) : ScriptedTransport.status(200, "flag_evaluations_total 1\n")
        }
        let answer = await driver(transport).check(work(), StepCall.ofFlag(work()))
        #expect(answer.name == "unreadable" && answer.text.contains("a:1"), "\(answer)")
    }

    /// A preview has 3 seconds: it says what the counter shows now.
    @Test func aShortTimeIsNoProof() async {
        let answer = await check([[5, 5, 5], [7, 7, 7]], timeoutMs: 3_000)
        #expect(answer.name == "notProved" && answer.text.contains("is 12 now"), "\(answer)")
    }

    @Test func theProofByOFREPIsNeededToo() async {
        var work = work()
        work.evaluations = ["http://o"]
        let transport = ScriptedTransport { request in
            request.url.hasPrefix("http://o")
                ? ScriptedTransport.status(200, #"{"variant":"on"}"#)
                : ScriptedTransport.status(200, "flag_evaluations_total{variant=\"on\"} 1\n")
        }
        #expect(await driver(transport).check(work, StepCall.ofFlag(work)).name == "notProved")
    }

    private func check(_ readings: [[Int?]], timeoutMs: Int64 = 30_000) async -> StepAnswer {
        let served = Mutex([0, 0])
        let transport = ScriptedTransport { request in
            let target = request.url.contains("a:1") ? 0 : 1
            let index = served.withLock { counts in
                counts[target] += 1
                return counts[target] - 1
            }
            let value = readings[target][min(index, 2)]
            let other = "flag_evaluations_total{flag=\"new\",variant=\"off\"} \(index * 100)\n"
            return ScriptedTransport.status(
                200, other + (value.map { "flag_evaluations_total{flag=\"new\",variant=\"on\"} \($0)\n" } ?? ""))
        }
        var call = StepCall.ofFlag(work())
        call.step.timeoutMs = timeoutMs
        return await driver(transport).check(work(), call)
    }

    private func driver(_ transport: ScriptedTransport) -> FlagStepDriver {
        FlagStepDriver(calls: StepRequests(transport: transport), clock: InstantClock()) { _ in
            StepTargets(targets: [
                .baseline: [TargetPlan(instance: "a:1", url: "http://a:1/metrics")],
                .canary: [TargetPlan(instance: "b:1", url: "http://b:1/metrics")],
            ])
        }
    }

    private func work() -> FlagWork {
        var work = FlagWork(flag: "new", file: "/none")
        work.metric = FlagMetric(
            selector: (try? SeriesSelector(parsing: #"flag_evaluations_total{variant="on"}"#))
                ?? SeriesSelector(metric: ""))
        return work
    }
}

extension StepCall {
    static func ofFlag(_ work: FlagWork) -> StepCall {
        StepCall(
            release: "checkout", incident: "checkout-17", number: 1,
            step: ProcedureStep(name: "flag", work: .flag(work)), attempt: 1, baselineVersion: "v1",
            canaryVersion: "v2")
    }
}

/// A clock that a sleep puts forward.
final class InstantClock: DaemonClock {
    private let passed = Mutex<(ns: Int64, slept: [Int64])>((0, []))

    var now: Moment { Moment(uptimeMs: uptimeNs / 1_000_000, wallMs: uptimeNs / 1_000_000) }
    var uptimeNs: Int64 { passed.withLock { $0.ns } }
    var taskExecutor: (any TaskExecutor)? { nil }
    var sleptMs: [Int64] { passed.withLock { $0.slept } }

    func sleep(ns: Int64) async throws(CancellationError) {
        passed.withLock { passed in
            passed.ns += ns
            passed.slept.append(ns / 1_000_000)
        }
    }
}

/// Every secret is the same.
struct OneSecret: SecretStore {
    func secret(_ reference: SecretReference) throws(SecretError) -> String { "s3cret" }
}
