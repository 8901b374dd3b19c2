import API
import ArgumentParser
import Foundation

/// What every order has.
struct OrderOptions: ParsableArguments {
    @Option(help: "Why; it is kept with the rollout.")
    var reason: String?

    @Option(help: "Who orders it, for the record. [default: the user's name]")
    var by: String?

    @Option(
        help: ArgumentHelp(
            "A key that makes the order safe to repeat.",
            discussion: """
                The daemon answers a repetition with the same key as it answered the first
                time. In CI take the pipeline's id, so that a job that is run again does
                not order twice. [default: a new key for each run]
                """))
    var key: String?

    @Option(help: "The order holds only for this state: the tag that `status` shows.")
    var ifMatch: String?

    @Option(help: "text, or json: the API's answer in one line.")
    var output = OutputForm.text

    @OptionGroup var daemon: DaemonAddress

    /// - Throws: a usage error without a reason.
    func requireReason() throws {
        if reason == nil { throw ValidationError("Missing expected argument '--reason <reason>'") }
    }

    /// Sends an order.
    ///
    /// - Throws: ``Failure`` with ``RolloutExit/refused`` when the daemon refuses it.
    func send(_ path: String, _ fields: [String: OrderField], to api: DaemonAPI, tag: String? = nil) async throws
        -> OrderDocument
    {
        try await send(path, fields, to: api, tag: tag, as: OrderDocument.self)
    }

    /// An order that goes to all services.
    func sendToAll(_ path: String, _ fields: [String: OrderField], to api: DaemonAPI) async throws -> OrdersDocument {
        try await send(path, fields, to: api, tag: nil, as: OrdersDocument.self)
    }

    private func send<Document: Decodable>(
        _ path: String, _ fields: [String: OrderField], to api: DaemonAPI, tag: String?, as type: Document.Type
    ) async throws -> Document {
        var fields = fields
        fields["reason"] = reason.map(OrderField.text)
        fields["by"] = .text(by ?? CallerName.current)
        let order = DaemonOrder(
            path: path, fields: fields, key: key ?? OrderKey.fresh(), ifMatch: tag ?? ifMatch)
        return try await order.send(to: api, as: type)
    }

    /// Sends an order and prints its answer.
    func carryOut(_ path: String, _ fields: [String: OrderField], to api: DaemonAPI, tag: String? = nil) async throws {
        show(try await send(path, fields, to: api, tag: tag))
    }

    func show(_ document: some Encodable & OrderAnswer) {
        switch output {
        case .text: Terminal.say(document.text)
        case .json: Terminal.say(JSONLine.text(document))
        }
    }
}

enum OutputForm: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

protocol OrderAnswer {
    var text: String { get }
}

extension OrderDocument: OrderAnswer {}
extension OrdersDocument: OrderAnswer {}

/// A document in one line of JSON.
enum JSONLine {
    static func text(_ document: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(document)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
