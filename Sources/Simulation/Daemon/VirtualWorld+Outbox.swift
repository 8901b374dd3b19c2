import Model
import Ports

/// The outbox's pump, simply: at least once, the same id at each try, a pause after a failure, dead when refused.
extension VirtualWorld {
    func nudge() {
        guard let life = daemon else { return }
        after(1, .pump(life: life.number))
    }

    /// A new life finds deliveries that are due later; nothing else would remind it of them.
    func pumpWhatWaits() {
        guard let life = daemon else { return }
        for waiting in disk.outbox where waiting.state == .waiting {
            after(max(1, waiting.nextTryMs - nowMs), .pump(life: life.number))
        }
    }

    func pump(life: Int) {
        guard isAlive(life) else { return }
        for delivery in hasted { launch(life, receivers.firstIndex { $0.name == delivery.receiver } ?? 0, delivery) }
        hasted = []
        for index in receivers.indices where daemon?.isReceiverBusy[index] == false {
            guard (daemon?.receiverPausedUntilMs[index] ?? 0) <= nowMs else { continue }
            guard let place = disk.due(receiver: receivers[index].name, atMs: nowMs) else { continue }
            daemon?.isReceiverBusy[index] = true
            launch(life, index, disk.outbox[place].delivery)
        }
    }

    private func launch(_ life: Int, _ receiver: Int, _ delivery: Delivery) {
        var delivery = delivery
        if bug == .newDeliveryIdOnRetry, delivery.attempt > 1 { delivery.id += "-\(delivery.attempt)" }
        if isLost {
            let outcome = DeliveryOutcome.retry(reason: "no answer in time", afterMs: nil)
            after(2_000, .answered(life: life, receiver: receiver, delivery: delivery, outcome: outcome))
        } else {
            after(delayMs / 2, .posted(life: life, receiver: receiver, delivery: delivery))
        }
    }

    /// The notification arrives; the answer may not.
    func post(_ life: Int, _ receiver: Int, _ delivery: Delivery) {
        let before = receivers[receiver].got.count
        var outcome = receivers[receiver].post(delivery)
        note("\(receivers[receiver].name): \(delivery.id) try \(delivery.attempt): \(outcome)")
        if receivers[receiver].got.count > before { checkDelivery(delivery) }
        let isLate = receivers[receiver].mood == .slow || isLost
        if isLate { outcome = .retry(reason: "no answer in time", afterMs: nil) }
        after(
            isLate ? 2_000 : delayMs / 2,
            .answered(life: life, receiver: receiver, delivery: delivery, outcome: outcome))
    }

    func settle(_ life: Int, _ receiver: Int, _ delivery: Delivery, _ outcome: DeliveryOutcome) {
        guard isAlive(life) else { return }
        daemon?.isReceiverBusy[receiver] = false
        var pauseMs: Int64 = 0
        switch outcome {
        case .delivered:
            if bug == .neverMarkDelivered { break }
            if disk.settle(delivery.id, .delivered) { checks.settled(delivery.id) } else { pauseMs = 5_000 }
        case .refused:
            if disk.settle(delivery.id, .dead) { checks.settled(delivery.id) } else { pauseMs = 5_000 }
        case .retry(_, let wishMs):
            let settings = plan.receivers[receiver]
            let doubled = settings.retryMinMs << Int64(min(delivery.attempt - 1, 10))
            pauseMs = max(min(doubled, settings.retryMaxMs), wishMs ?? 0)
            disk.retry(delivery.id, atMs: nowMs + pauseMs)
        }
        daemon?.receiverPausedUntilMs[receiver] = nowMs + pauseMs
        after(max(1, pauseMs), .pump(life: life))
    }
}
