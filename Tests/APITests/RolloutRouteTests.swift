import Foundation
import Model
import Synchronization
import Testing

@testable import API

/// What shows rollouts.
struct RolloutRouteTests {
    @Test func aRolloutIsShownWithItsTag() async throws {
        try await LiveConsole.run(.init(snapshot: Sample.led)) { console in
            let reply = try await console.get("/api/v1/rollouts/shop-r42")
            #expect(reply.status == 200)
            #expect(reply.headers["etag"] == "\"shop-r42.52\"")
            let document = try reply.decoded(RolloutDocument.self)
            #expect((document.state, document.step, document.canaryBasisPoints) == ("standing", 2, 2_500))
            #expect(document.standingSeconds == 90.5)
            #expect(document.gates.map(\.gate) == ["requests", "approval"])
            #expect(document.asked.first?.replies.first?.reason == "the graphs are odd")
            #expect(document.halts.first?.remedy.contains("resume") == true)
            #expect(document.paused?.by == "ann")
            #expect(document.wayBack == "v1.4.2 in blue, 2 of 2 targets answer")
            #expect(
                document.steps[0].asks == [
                    "at least 5 min", "500 requests of the canary", "CanaryErrors healthy",
                    "evidence that the canary is at most 3 times as bad before 25%",
                ])
            #expect(document.steps[1].asks == ["a yes of smoke", "an approval by sre"])
        }
    }

    @Test func theRolloutsOfAReleaseSayWhichVersionIsWhere() async throws {
        try await LiveConsole.run(.init(snapshot: Sample.led)) { console in
            let document = try await console.get("/api/v1/releases/shop/rollouts").decoded(RolloutsDocument.self)
            #expect(document.places.map(\.role) == ["baseline", "canary"])
            #expect(document.places.map(\.version) == ["v1.4.2", "v1.5.0"])
            #expect(document.running?.id == "shop-r42")
            #expect(document.latched == ["v1.4.9"])
            #expect(try await console.get("/api/v1/releases/checkout/rollouts").status == 404)
            #expect(try await console.get("/api/v1/releases/none/rollouts").status == 404)
            #expect(try await console.get("/api/v1/rollouts/none").status == 404)
        }
    }

    @Test func aUnitIsShownWithWhatItsPartsWaitFor() async throws {
        try await LiveConsole.run(.init(snapshot: Sample.unit)) { console in
            let rollout = try await console.get("/api/v1/rollouts/shop-r42").decoded(RolloutDocument.self)
            #expect(rollout.release == "shop" && rollout.waitsFor == "api: waits for approval by sre")
            #expect(
                rollout.parts.map(\.release) == ["shop.api", "shop.web"] && rollout.parts.map(\.ready) == [false, true])
            #expect(rollout.gates.map(\.gate) == ["api: requests", "approval", "web: requests", "approval"])
            let all = try await console.get("/api/v1/releases/shop/rollouts").decoded(RolloutsDocument.self)
            #expect(all.running == rollout)
            let status = try await console.get("/api/v1/status").decoded(StatusDocument.self)
            #expect(status.units.map(\.releases) == [["shop.api", "shop.web"]])
            let unit = try await console.get("/api/v1/releases/shop").decoded(WholeUnitDocument.self)
            #expect(unit.name == "shop" && unit.releases.map(\.name) == ["shop.api", "shop.web"])
            #expect(unit.rollouts == all)
            let part = try await console.get("/api/v1/releases/shop.web").decoded(ReleaseDocument.self)
            #expect(unit.releases[1] == part)
        }
    }

    @Test func aFreezeOfAllNamesTheUnitAndNotItsParts() { #expect(Sample.unit.namesOfLed == ["shop"]) }

    @Test func eventsBeginAfterTheOneThatIsKnown() async throws {
        try await LiveConsole.run(.init(snapshot: Sample.led)) { console in
            let all = try await console.get("/api/v1/rollouts/shop-r42/events").decoded(RolloutEventsDocument.self)
            #expect(all.events.count == Sample.lines.count)
            let rest = try await console.get("/api/v1/rollouts/shop-r42/events?after=50&wait_seconds=30")
                .decoded(RolloutEventsDocument.self)
            #expect(rest.events.map(\.event) == ["halted", "paused"])
            #expect(rest.last == 52)
        }
    }

    @Test(arguments: ["after=x", "after=-1", "wait_seconds=61", "wait_seconds=nan", "wait_seconds=-1"])
    func aWrongParameterIsRefused(query: String) async throws {
        try await LiveConsole.run(.init(snapshot: Sample.led)) { console in
            let reply = try await console.get("/api/v1/rollouts/shop-r42/events?\(query)")
            #expect(reply.status == 400)
        }
    }

    @Test func aWaitEndsWithTheNextEvent() async throws {
        try await LiveConsole.run(.init(snapshot: Sample.led)) { console in
            async let waiting = console.get("/api/v1/rollouts/shop-r42/events?after=52&wait_seconds=8")
            var next = Sample.led
            next.releases[1].rollout?.running = Sample.rollout(Sample.lines + [.resumed(by: "ann", reason: "fed")])
            await console.operations.show(next)
            let document = try await waiting.decoded(RolloutEventsDocument.self)
            #expect(document.events.map(\.event) == ["resumed"])
        }
    }

    @Test func aWaitEndsWhenTheDaemonStops() async throws {
        try await LiveConsole.run(.init(snapshot: Sample.led)) { console in
            let connection = try RawConnection(port: console.port)
            await connection.send(
                "GET /api/v1/rollouts/shop-r42/events?after=52&wait_seconds=60 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            // Another answer on the same server shows that it takes requests.
            #expect(try await console.get("/-/healthy").status == 200)
            await console.shutDown()
            // The reader gives up after ten seconds; the wait would last sixty.
            let reply = try? await connection.reply()
            #expect(reply == nil || reply?.status == 200)
        }
    }

    @Test func onlySoManyWaitAtTheSameTime() async {
        let waiters = EventWaiters()
        let looks = Looks()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<EventWaiters.limit {
                group.addTask {
                    await waiters.wait(seconds: 60) {
                        looks.count.add(1, ordering: .relaxed)
                        return ((), Task.isCancelled)
                    }
                }
            }
            while looks.count.load(ordering: .relaxed) < EventWaiters.limit { await Task.yield() }
            let late = await waiters.wait(seconds: 60) { ("at once", false) }
            #expect(late == "at once")
            group.cancelAll()
        }
        let after = await waiters.wait(seconds: 0.01) { ("there is room again", false) }
        #expect(after == "there is room again")
    }
}

/// How often waiters have polled.
private final class Looks: Sendable {
    let count = Atomic(0)
}
