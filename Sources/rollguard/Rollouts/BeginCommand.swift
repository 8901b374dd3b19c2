import ArgumentParser
import Foundation

/// Begins the rollout of a version that is deployed.
struct BeginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "begin",
        abstract: "Begin the rollout of a version that is deployed in its place.",
        discussion: """
            The daemon checks the start conditions (the targets of the place answer and
            run the version, the router is readable and gives them nothing), then gives
            the version its first share. Without a `prepare` before, it reserves the free
            place itself.

              rollguard begin checkout --version v1.5.0 --key "$CI_PIPELINE_ID"
              rollguard wait checkout --until baking
            """)

    @OptionGroup var version: VersionOptions

    @Option(
        help: ArgumentHelp(
            "What is scraped of the new version: host:port,host:port.",
            discussion: """
                The place has these targets until the next rollout begins there, instead of
                those that the configuration lists; the journal keeps them. For several
                services in one rollout with the part of each: api=host:port,web=host:port.
                """))
    var targets: String?

    @Option(help: "Print this alone on standard output: place, rollout or tag.")
    var print: PrintedPart?

    @OptionGroup var order: OrderOptions

    func run() async throws {
        var fields = version.fields
        let named = targets?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } ?? []
        if !named.isEmpty { fields["targets"] = .names(named) }
        let document = try await order.send(
            RolloutPath.release(version.service, "begin"), fields, to: try order.daemon.open())
        guard let print else { return order.show(document) }
        Terminal.complain(document.text)
        guard let text = print.text(document) else { throw Failure.no("error: the answer has no \(print.rawValue)") }
        Terminal.say(text)
    }
}
