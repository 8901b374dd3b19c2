import Model
import Ports

/// A release's router with a second one behind it. As a driver it is the first; ``both`` is what it is once the second
/// has taken over.
struct FallbackPair: RouterDriver {
    let first: any RouterDriver
    let second: any RouterDriver

    var capabilities: RouterCapabilities { first.capabilities }
    var instances: [String] { first.instances }
    func observe(timeoutMs: Int64) async -> [RouterObservation] { await first.observe(timeoutMs: timeoutMs) }
    /// Those of the second are marked: they are made only when it takes over.
    func plan(_ split: Split) -> [PlannedCall] {
        first.plan(split) + second.plan(split).map { PlannedCall(instance: "fallback " + $0.instance, call: $0.call) }
    }
    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        await first.apply(split, timeoutMs: timeoutMs)
    }
    func setForced(isOpen: Bool, timeoutMs: Int64) async -> [RouterReceipt] {
        await first.setForced(isOpen: isOpen, timeoutMs: timeoutMs)
    }

    var both: any RouterDriver { Both(first: first, second: second) }

    /// Changes go to both at once, because the first may come back; read-backs go to the second.
    private struct Both: RouterDriver {
        let first: any RouterDriver
        let second: any RouterDriver

        var capabilities: RouterCapabilities { second.capabilities }
        var instances: [String] { second.instances }
        func observe(timeoutMs: Int64) async -> [RouterObservation] { await second.observe(timeoutMs: timeoutMs) }
        func plan(_ split: Split) -> [PlannedCall] { first.plan(split) + second.plan(split) }

        func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
            async let one = first.apply(split, timeoutMs: timeoutMs)
            async let other = second.apply(split, timeoutMs: timeoutMs)
            return await one + other
        }
    }
}
