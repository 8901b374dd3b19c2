import Foundation
import Testing

@testable import DemoWorld

/// What an operator uses by hand: faults by request, delays by header, a counted load.
struct TryingOutTests {
    @Test(
        arguments: [
            ("/fault?errors=0.5", .errors(share: 0.5)), ("/fault?errors=0", .errors(share: 0)),
            ("/fault?latency=400&share=0.1", .latency(extraMs: 400, share: 0.1)),
            ("/fault?latency=400", .latency(extraMs: 400, share: 1)), ("/fault?none", DemoFault.none),
            ("/fault", nil), ("/fault?errors=2", nil), ("/fault?errors=x", nil), ("/fault?errors=0.5&share=1", nil),
            ("/fault?latency=-1", nil), ("/fault?latency=1&x=1", nil), ("/faults?none", nil), ("/fault?", nil),
            ("/fault?=&=", nil),
        ] as [(String, DemoFault?)])
    func anOrderIsAFaultOrIsRefused(uri: String, fault: DemoFault?) {
        #expect(FaultOrder.fault(uri) == fault)
    }

    @Test func aCountedLoadSendsThatManyAndTheServiceRemembersWhen() async throws {
        let service = DemoService(version: "v1", instance: "one", fault: .none, seed: 1)
        let address = try await service.start()
        let before = Int64(Date().timeIntervalSince1970 * 1_000) - 1
        let load = LoadGenerator(
            target: address, requestsPerSecond: 2_000, users: 10, seed: 1, requestLimit: 150, delayMs: 30)
        await load.run()
        let statistics = await load.statistics()
        #expect(statistics.sent == 150 && statistics.answersByVersion == ["v1": 150])
        #expect(await service.requestsArrived(afterWallMs: before) == 150)
        #expect(await service.requestsArrived(afterWallMs: .max) == 0)
        await service.stop()
    }

    @Test func arrivalsAreForgottenFromTheOldest() {
        var arrivals = Arrivals()
        for wallMs in 1...60_000 { arrivals.add(Int64(wallMs)) }
        #expect(arrivals.count(after: 0) == 50_000)
        #expect(arrivals.count(after: 59_990) == 10)
        for number in 1...49_999 { arrivals.add(1, request: "1-\(number)") }
        arrivals.add(2, request: "1-1")
        #expect(arrivals.seen(of: ["1-1", "1-7", "2-7"]) == ["1-1", "1-7"] && arrivals.seen(of: []).isEmpty)
    }
}
