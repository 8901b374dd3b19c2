import API
import ArgumentParser
import Support

/// Forbids that anything goes up.
struct FreezeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "freeze",
        abstract: "Nothing goes up, of one service or of all, until `unfreeze`.",
        discussion: """
            Survives restarts. Rollbacks, aborts and everything else that lowers a share
            continue.

              rollguard freeze --reason 'the database moves' --until 2026-12-01T06:00:00Z
              rollguard freeze checkout --reason 'incident 812' --for 2h
            """)

    @Argument(help: "The service's name. [default: all services]")
    var service: String?

    @Option(help: "Ends by itself at this time in UTC: 2026-12-01T06:00:00Z.")
    var until: String?

    @Option(name: .customLong("for"), help: "Ends by itself after this time.")
    var time: TimeSpan?

    @OptionGroup var order: OrderOptions

    func validate() throws {
        try order.requireReason()
        if until != nil, time != nil { throw ValidationError("give either --until or --for") }
        if let until, WallTime(until) == nil {
            throw ValidationError("--until takes a time in UTC such as 2026-12-01T06:00:00Z")
        }
    }

    func run() async throws {
        var fields: [String: OrderField] = [:]
        fields["until"] = (until ?? time.map { "\(WallTime(wallMs: Wall.nowMs + $0.ms))" }).map(OrderField.text)
        try await FreezeOrder(service: service, verb: "freeze", fields: fields).send(order)
    }
}

/// Ends a freeze.
struct UnfreezeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unfreeze", abstract: "End the freeze of one service, or of all.")

    @Argument(help: "The service's name. [default: all services]")
    var service: String?

    @OptionGroup var order: OrderOptions

    func run() async throws { try await FreezeOrder(service: service, verb: "unfreeze", fields: [:]).send(order) }
}

/// To one service, or to all of them.
private struct FreezeOrder {
    let service: String?
    let verb: String
    let fields: [String: OrderField]

    func send(_ order: OrderOptions) async throws {
        let api = try order.daemon.open()
        if let service { return try await order.carryOut(RolloutPath.release(service, verb), fields, to: api) }
        order.show(try await order.sendToAll("/api/v1/\(verb)", fields, to: api))
    }
}
