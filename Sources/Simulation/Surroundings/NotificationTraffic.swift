import Model
import Ports

/// The notifications on their way to the receivers, and the answers.
struct NotificationTraffic {
    let timeline: Timeline
    let fleet: Fleet
    let links: Links
    let process: DaemonProcess
    let disk: VirtualDisk
    let feed: CheckFeed
    let checks: Checkers

    /// The daemon posts a delivery.
    ///
    /// - Parameter wait: the number under which the answer is awaited.
    func post(_ request: HTTPRequest, _ wait: Int, _ delivery: Delivery?) {
        guard let delivery, let life = process.life?.number,
            let receiver = fleet.receivers.firstIndex(where: { request.url.hasPrefix("http://\($0.name)/") })
        else { preconditionFailure("\(request.url) is no receiver") }
        guard request.headers.contains(TextPair("Rollguard-Delivery", delivery.id)) else {
            return checks.foundUnsigned(delivery)
        }
        process.countDownToCrash()
        let posting = Posting(
            wait: wait, life: life, receiver: receiver, delivery: delivery, unsaved: unsavedEntry(of: delivery),
            timeoutMs: request.timeoutMs)
        if links.isLost { return unanswered(posting) }
        timeline.after(links.delayMs / 2, .notification(posting))
    }

    /// What the disk does not take is delivered from memory.
    private func unsavedEntry(of delivery: Delivery) -> JournalEntry? {
        guard let life = process.life, life.isDiskFailing || !disk.canWrite else { return nil }
        return life.unwritten.flatMap(\.entries).first { $0.sequence == delivery.notification.sequence }
    }

    private func unanswered(_ posting: Posting) {
        let address = fleet.receivers[posting.receiver].name
        let failure = TransportError.timedOut(address: address, afterMs: posting.timeoutMs)
        timeline.after(posting.timeoutMs, .answered(posting.wait, .failure(failure)))
    }

    /// The notification arrives; the answer may not.
    func deliver(_ posting: Posting) {
        let (delivery, receiver) = (posting.delivery, posting.receiver)
        let before = fleet.receivers[receiver].got.count
        let answer = fleet.receivers[receiver].post(delivery)
        let (name, mood) = (fleet.receivers[receiver].name, fleet.receivers[receiver].mood)
        timeline.note("\(name): \(delivery.id) try \(delivery.attempt): \(mood.rawValue)")
        if fleet.receivers[receiver].got.count > before { feed.delivered(posting) }
        guard let answer, !links.isLost else { return unanswered(posting) }
        timeline.after(links.delayMs / 2, .answered(posting.wait, answer))
    }
}
