import Model
import Ports

/// A driver of the daemon's, whose calls the world knows.
struct WatchedDriver: RouterDriver {
    let driver: any RouterDriver
    let process: DaemonProcess
    let feed: CheckFeed
    let traffic: RouterTraffic
    let life: Int
    /// Of the world.
    let release: Int

    var capabilities: RouterCapabilities { driver.capabilities }
    var instances: [String] { driver.instances }

    func plan(_ split: Split) -> [PlannedCall] { driver.plan(split) }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        feed.applies(release, split, life: life, timeoutMs: timeoutMs)
        guard let call = traffic.startCall(release, life: life, timeoutMs: timeoutMs) else {
            await process.hang()
            return []
        }
        return await VirtualTransport.$call.withValue(call) { await driver.apply(split, timeoutMs: timeoutMs) }
    }

    func setForced(isOpen: Bool, timeoutMs: Int64) async -> [RouterReceipt] {
        await driver.setForced(isOpen: isOpen, timeoutMs: timeoutMs)
    }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        guard let call = traffic.startCall(release, life: life, timeoutMs: timeoutMs) else {
            await process.hang()
            return []
        }
        let observations = await VirtualTransport.$call.withValue(call) { await driver.observe(timeoutMs: timeoutMs) }
        traffic.finishObserving(call)
        return observations
    }
}

/// A receiver of the daemon's, whose deliveries the world knows.
struct WatchedReceiver: Receiver {
    let receiver: any Receiver
    let bug: PlantedBug?

    var name: String { receiver.name }
    var resendMs: Int64? { receiver.resendMs }

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        var delivery = delivery
        if bug == .newDeliveryIdOnRetry, delivery.attempt > 1 { delivery.id += "-\(delivery.attempt)" }
        return await VirtualTransport.$delivery.withValue(delivery) { await receiver.deliver(delivery) }
    }

    func resend(_ standing: [Notification]) async -> DeliveryOutcome { await receiver.resend(standing) }

    func publish(_ event: PlanEvent) async -> DeliveryOutcome { await receiver.publish(event) }
}
