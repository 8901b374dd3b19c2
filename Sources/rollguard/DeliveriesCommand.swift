import API
import ArgumentParser
import Foundation

/// The notifications that did not reach their receivers.
struct DeliveriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deliveries",
        abstract: "Show the notifications that wait or were given up, deliver them again, drop them.",
        discussion: """
            A receiver gets its notifications strictly in order, so one that cannot be
            delivered holds up the later ones of the same receiver until it is
            delivered, given up (`give_up_after`) or dropped.

              rollguard deliveries list
              rollguard deliveries retry --receiver oncall
              rollguard deliveries drop 3f9a1c07-17-oncall --reason 'handled by phone'
            """,
        subcommands: [List.self, Retry.self, Drop.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show what waits, and what was given up.")

        @OptionGroup var format: OutputChoice

        @OptionGroup var daemon: DaemonAddress

        func run() async throws {
            let api = try daemon.open()
            let path = "/api/v1/deliveries"
            if format.isJSON { return Terminal.say(String(decoding: try await api.get(path), as: UTF8.self)) }
            Terminal.say(DeliveriesText.text(try await api.get(path, as: DeliveriesDocument.self)))
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deliver again: dead letters wait again, and a pause of the receiver ends.",
            aliases: ["resend"])

        @OptionGroup var choice: Choice
        @Option(help: "Why; it is written to the daemon's log.")
        var reason: String?
        @OptionGroup var daemon: DaemonAddress

        func run() async throws { try await choice.send("resend", reason: reason, daemon: daemon) }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take notifications out for good, waiting and dead ones.")

        @OptionGroup var choice: Choice
        @Option(help: "Why; it is written to the daemon's log.")
        var reason: String
        @OptionGroup var daemon: DaemonAddress

        func run() async throws { try await choice.send("drop", reason: reason, daemon: daemon) }
    }

    /// One delivery, or all of a receiver.
    struct Choice: ParsableArguments {
        @Argument(help: "The delivery's id.")
        var id: String?

        @Option(help: "All deliveries of this receiver.")
        var receiver: String?

        func validate() throws {
            if (id == nil) == (receiver == nil) { throw ValidationError("give either a delivery's id or --receiver") }
        }

        @OptionGroup var caller: CallerChoice

        func send(_ call: String, reason: String?, daemon: DaemonAddress) async throws {
            var fields = ["by": caller.name]
            fields["id"] = id
            fields["receiver"] = receiver
            fields["reason"] = reason
            let answer = try await daemon.open().post(
                "/api/v1/deliveries/\(call)", fields, as: CommandDocument.self)
            Terminal.say(answer.text)
        }
    }
}

/// The outbox for people.
enum DeliveriesText {
    static func text(_ document: DeliveriesDocument) -> String {
        var lines = ["\(document.waiting) waiting, \(document.delivered) delivered, \(document.dead) dead"]
        for queue in document.receivers { lines.append(contentsOf: block(queue)) }
        if !document.deadLetters.isEmpty {
            lines += ["", "given up (rollguard deliveries retry ID)"]
            lines += Columns.laidOut(
                document.deadLetters.map { [$0.id, $0.event, "\($0.at)", "\($0.attempts) tries", $0.reason] },
                indent: "  ")
        }
        return lines.joined(separator: "\n")
    }

    static func block(_ queue: ReceiverQueueDocument) -> [String] {
        var lines = ["", "\(queue.name): \(queue.waiting) waiting, \(queue.dead) dead"]
        if let next = queue.next { lines.append("  next: \(DeliveriesText.line(next))") }
        return lines
    }

    private static func line(_ next: ReceiverQueueDocument.NextDelivery) -> String {
        let tries = next.attempts == 0 ? "not tried yet" : "\(next.attempts) tries failed: \(next.reason)"
        return "\(next.id)  \(next.event)  \(next.at)  \(tries)"
    }

    /// One line per receiver that does not take what waits for it.
    static func troubles(_ outbox: OutboxDocument) -> [String] {
        outbox.receivers.compactMap { queue in
            guard let next = queue.next, next.attempts > 0 else { return nil }
            return "  ! \(queue.name): \(queue.waiting) waiting, the first since \(next.at): \(next.reason)"
        }
    }
}
