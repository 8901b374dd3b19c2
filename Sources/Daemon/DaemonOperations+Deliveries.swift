import Logging
import Model
import Notifications
import Ports

/// What an operator asks of the outbox.
extension DaemonOperations {
    /// Rows in one transaction: the journal's writer waits for at most this much work.
    private static let dropSlice = 500

    func resendDeliveries(_ choice: DeliveryChoice, by: String, reason: String) async -> CommandResult {
        do throws(JournalError) {
            let count = try await journal.resend(choice)
            let queue = try await journal.queues().first { DaemonOperations.isMeant($0, by: choice) }
            guard count > 0 || queue != nil else { return DaemonOperations.nothing(choice) }
            if let queue { await pump.endPause(of: queue.receiver) }
            pump.nudge()
            let text = "\(count) dead letters wait again; \(queue?.waiting ?? 0) notifications are being delivered"
            let which = DaemonOperations.name(choice)
            logger.warning("\(by) asked to deliver again (\(which)): \(text)\(DaemonOperations.because(reason))")
            return .accepted(text: text, incident: nil)
        } catch { return .refused(text: "\(error)") }
    }

    func dropDeliveries(_ choice: DeliveryChoice, by: String, reason: String) async -> CommandResult {
        do throws(JournalError) {
            var count = 0
            while true {
                let dropped = try await journal.drop(choice, limit: Self.dropSlice, atWallMs: clock.wallMs)
                count += dropped
                if dropped < Self.dropSlice { break }
            }
            guard count > 0 else { return DaemonOperations.nothing(choice) }
            pump.nudge()
            let text = "\(count) notifications were dropped"
            logger.warning("\(by): \(text) (\(DaemonOperations.name(choice)))\(DaemonOperations.because(reason))")
            return .accepted(text: text, incident: nil)
        } catch { return .refused(text: "\(error)") }
    }

    private static func isMeant(_ queue: ReceiverQueue, by choice: DeliveryChoice) -> Bool {
        switch choice {
        case .receiver(let name): queue.receiver == name && queue.waiting > 0
        // Ids end with the receiver's name.
        case .id(let id): queue.waiting > 0 && id.hasSuffix("-\(queue.receiver)")
        }
    }

    private static func because(_ reason: String) -> String { reason.isEmpty ? "" : ": \(reason)" }

    private static func name(_ choice: DeliveryChoice) -> String {
        switch choice {
        case .id(let id): id
        case .receiver(let name): "all of the receiver \(name)"
        }
    }

    private static func nothing(_ choice: DeliveryChoice) -> CommandResult {
        let hint = "`rollguard deliveries list` shows what there is"
        return switch choice {
        case .id(let id): .notFound(text: "no waiting or dead delivery has the id \"\(id.prefix(200))\"; \(hint)")
        case .receiver(let name):
            .notFound(text: "nothing is waiting or dead for a receiver \"\(name.prefix(100))\"; \(hint)")
        }
    }
}
