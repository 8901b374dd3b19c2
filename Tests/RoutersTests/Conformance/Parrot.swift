import Model
import Ports
import RouterConformance
import Synchronization

extension BenchKind {
    /// No driver at all: it answers with what it was asked last, whatever the router does.
    static let parrot = BenchKind(name: "parrot") { work in
        let parrot = Parrot()
        var bench = RouterBench(driver: parrot, held: { _ in 1_000 })
        bench.tamper = { _, _ in }
        bench.setMood = { _, _ in }
        bench.moods = RouterMood.allCases
        bench.misnamed = [parrot]
        try await work(bench)
    }
}

private final class Parrot: RouterDriver {
    let capabilities = RouterCapabilities(readBack: .acked, movesStickyClients: true, granularityBasisPoints: 1)
    let instances = ["one"]
    private let asked = Mutex(1_000)

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        [RouterObservation(instance: "one", canaryBasisPoints: asked.withLock { $0 }, level: .acked)]
    }

    func plan(_ split: Split) -> [PlannedCall] {
        [PlannedCall(instance: "one", call: "say \(split.canaryBasisPoints)")]
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        asked.withLock { $0 = split.canaryBasisPoints }
        return [RouterReceipt(instance: "one", outcome: .accepted)]
    }
}
