import Foundation
import Model
import Ports
import Synchronization
import Testing

@testable import PlanSteps

/// Answers requests to NATS as it is asked to, and keeps them.
private final class ScriptedBrokers: BrokerTransport {
    private let answer: BrokerAnswer
    private let kept = Mutex<[(String, String)]>([])

    init(_ answer: BrokerAnswer) { self.answer = answer }

    var asked: [(subject: String, body: String)] { kept.withLock { $0.map { ($0.0, $0.1) } } }

    func publish(_ message: BrokerMessage, at broker: BrokerAddress) async -> BrokerOutcome { .failed("") }

    func ask(_ subject: String, _ body: [UInt8], at broker: BrokerAddress) async -> BrokerAnswer {
        kept.withLock { $0.append((subject, String(decoding: body, as: UTF8.self))) }
        return answer
    }
}

private func call(_ work: ProcedureWork) -> StepCall {
    StepCall(
        release: "checkout", incident: "checkout-17", number: 1, step: ProcedureStep(name: "announce", work: work),
        attempt: 2,
        baselineVersion: "v1", canaryVersion: "v2")
}

private func drivers(_ transport: ScriptedTransport, _ brokers: ScriptedBrokers? = nil) -> StepDrivers {
    StepDrivers(
        StepSetup(transport: transport, directory: nil, brokers: brokers, wallMs: { 1_700_000_000_000 }))
}

private let silent = ScriptedTransport { _ in .failure(.closed) }

@Suite("Steps that pause consumers of NATS")
struct NATSConsumerTests {
    private func run(
        _ answer: BrokerAnswer, isCheck: Bool = false, action: ConsumersWork.Action = .pause
    ) async -> (StepAnswer, (subject: String, body: String)?) {
        let brokers = ScriptedBrokers(answer)
        let work = ConsumersWork(
            action: action, url: "nats://b:4222", stream: "ORD", consumer: "canary", pauseMs: 3_600_000)
        let drivers = drivers(silent, brokers)
        let step = call(.consumers(work))
        return (isCheck ? await drivers.check(step) : await drivers.run(step), brokers.asked.first)
    }

    private static func json(_ text: String) -> BrokerAnswer { .answered(Array(text.utf8)) }

    @Test func theTimeOfTheEndIsAbsolute() async {
        let (answer, asked) = await run(Self.json(#"{"paused":true,"pause_until":"2023-11-14T23:13:20Z"}"#))
        #expect(answer == .done("paused until 2023-11-14T23:13:20Z"))
        #expect(asked?.subject == "$JS.API.CONSUMER.PAUSE.ORD.canary")
        #expect(asked?.body == #"{"pause_until":"2023-11-14T23:13:20.000Z"}"#)
        let (resumed, none) = await run(Self.json(#"{"paused":false}"#), action: .resume)
        #expect(resumed == .done("not paused") && none?.body.isEmpty == true)
    }

    @Test(arguments: [
        (BrokerAnswer.failed("down"), "failed"), (.forbidden("no"), "refused"), (.lost("no answer"), "unknown"),
        (json("no JSON"), "unknown"), (json("{}"), "unknown"),
        (json(#"{"error":{"code":404,"description":"consumer not found"}}"#), "refused"),
        (json(#"{"error":{"code":503,"description":"no leader"}}"#), "failed"),
    ])
    func whatIsNoReceiptIsNone(_ answer: BrokerAnswer, _ expected: String) async {
        #expect(await run(answer).0.name == expected)
    }

    @Test(arguments: [
        (#"{"paused":true,"num_ack_pending":0,"num_pending":3}"#, "proved", "notProved"),
        (#"{"paused":true,"num_ack_pending":2,"num_pending":3}"#, "notProved", "notProved"),
        (#"{"num_ack_pending":0,"num_pending":3}"#, "notProved", "proved"),
        (#"{"error":{"code":404,"description":"consumer not found"}}"#, "unreadable", "unreadable"),
        ("{}", "unreadable", "unreadable"),
    ])
    func theInfoOfTheConsumerIsTheProof(_ info: String, _ ofPause: String, _ ofResume: String) async {
        #expect(await run(Self.json(info), isCheck: true).0.name == ofPause)
        #expect(await run(Self.json(info), isCheck: true, action: .resume).0.name == ofResume)
    }
}

@Suite("Steps that pause consumers of RabbitMQ")
struct RabbitMQConsumerTests {
    private static func rights(_ read: String) -> String {
        #"{"user":"canary","vhost":"/","configure":"c","write":"w","read":"\#(read)"}"#
    }

    private func work(_ action: ConsumersWork.Action = .pause) -> ConsumersWork {
        ConsumersWork(
            broker: .rabbitmq, action: action, url: "http://m:15672", user: "canary", readPattern: "q.*",
            security: ClientSecurity(authorization: .basic(user: "r", password: .file("/p"))))
    }

    private func transport(_ read: String, consumers: String = "[]", change: Int = 204) -> ScriptedTransport {
        ScriptedTransport { request in
            if request.method != "GET" { return ScriptedTransport.status(change, "") }
            return ScriptedTransport.status(200, request.url.contains("/permissions/") ? Self.rights(read) : consumers)
        }
    }

    @Test func theRightIsTakenBeforeTheConnectionsAreClosed() async {
        let transport = transport("q.*")
        let answer = await drivers(transport).run(call(.consumers(work())))
        #expect(answer.name == "done" && answer.text.contains("(it was q.*)"), "\(answer)")
        let calls = transport.requests.map { "\($0.method) \($0.url)" }
        #expect(
            calls == [
                "GET http://m:15672/api/permissions/%2F/canary", "PUT http://m:15672/api/permissions/%2F/canary",
                "DELETE http://m:15672/api/connections/username/canary",
            ])
        let body = String(decoding: transport.requests[1].body ?? [], as: UTF8.self)
        #expect(body == #"{"configure":"c","read":"^$","write":"w"}"#)
        #expect(transport.requests.allSatisfy { $0.security == work().security })
    }

    /// After a crash the right may be taken already; the connections are closed all the same.
    @Test func aRepetitionClosesConnectionsAgain() async {
        let transport = transport("^$")
        #expect(await drivers(transport).run(call(.consumers(work()))).name == "done")
        #expect(transport.requests.map(\.method) == ["GET", "DELETE"])
    }

    @Test func itContinuesWithWhatItMayRead() async {
        let transport = transport("^$")
        #expect(await drivers(transport).run(call(.consumers(work(.resume)))).name == "done")
        #expect(String(decoding: transport.requests[1].body ?? [], as: UTF8.self).contains(#""read":"q.*""#))
        #expect(transport.requests.count == 2)
    }

    @Test(arguments: [
        ("^$", "[]", "proved", "notProved"), ("q.*", "[]", "notProved", "proved"),
        ("^$", #"[{"channel_details":{"user":"canary"}}]"#, "notProved", "notProved"),
        ("^$", #"[{"channel_details":{"user":"other"}}]"#, "proved", "notProved"),
        ("^$", #"[{"channel_details":[]}]"#, "notProved", "notProved"), ("^$", "{}", "unreadable", "notProved"),
    ])
    func noConsumerOfTheUserIsTheProof(
        _ read: String, _ consumers: String, _ ofPause: String, _ ofResume: String
    ) async {
        let drivers = drivers(transport(read, consumers: consumers))
        #expect(await drivers.check(call(.consumers(work()))).name == ofPause)
        #expect(await drivers.check(call(.consumers(work(.resume)))).name == ofResume)
    }

    @Test(arguments: [(401, "refused"), (404, "refused"), (500, "failed"), (200, "failed")])
    func withoutPermissionsNothingIsChanged(_ status: Int, _ expected: String) async {
        let transport = ScriptedTransport { _ in ScriptedTransport.status(status, "[]") }
        #expect(await drivers(transport).run(call(.consumers(work()))).name == expected)
        #expect(transport.requests.count == 1)
    }

    /// A connection that ends by itself meanwhile makes RabbitMQ answer 500.
    @Test func connectionsAreClosedAgainAfterAnErrorOfTheServer() async {
        let count = Mutex(0)
        let transport = ScriptedTransport { request in
            guard request.method == "DELETE" else { return ScriptedTransport.status(200, Self.rights("^$")) }
            let tries = count.withLock { number in
                number += 1
                return number
            }
            return ScriptedTransport.status(tries < 3 ? 500 : 204, "")
        }
        #expect(await drivers(transport).run(call(.consumers(work()))).name == "done")
        #expect(await drivers(self.transport("^$", change: 500)).run(call(.consumers(work()))).name == "unknown")
    }

    @Test func aChangeThatFailsIsNoSuccess() async {
        #expect(await drivers(transport("q.*", change: 503)).run(call(.consumers(work()))).name == "failed")
        #expect(await drivers(transport("^$", change: 401)).run(call(.consumers(work()))).name == "refused")
    }
}

@Suite("Steps that publish an event")
struct EventStepTests {
    @Test(arguments: [
        (DeliveryOutcome.delivered, "done"), (.retry(reason: "down", afterMs: 5), "failed"),
        (.refused(reason: "too large"), "refused"),
    ])
    func theReceiversAnswerIsTheReceipt(_ outcome: DeliveryOutcome, _ expected: String) async throws {
        let kept = Mutex<[(String, PlanEvent)]>([])
        let drivers = StepDrivers(
            StepSetup(
                transport: silent, directory: nil,
                publish: { name, event in
                    kept.withLock { $0.append((name, event)) }
                    return outcome
                }, wallMs: { 7 }))
        let step = call(.event(receiver: "bus"))
        #expect(await drivers.run(step).name == expected)
        #expect(drivers.plan(step) == "an event with the id checkout-17/announce, by the receiver bus")
        let (name, event) = try #require(kept.withLock { $0.first })
        #expect(
            name == "bus" && event.id == "checkout-17/announce" && event.atWallMs == 7 && event.canaryVersion == "v2")
        #expect(await drivers.check(step).name == "unreadable" && !step.step.hasProof)
    }
}
