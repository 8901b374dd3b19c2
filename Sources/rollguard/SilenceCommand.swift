import API
import ArgumentParser
import Foundation
import Model

/// Hides notifications for a while.
struct SilenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "silence",
        abstract: "Hide notifications for a while, with a reason and an end.",
        discussion: """
            A silence mutes messages, never actions. A rollback that does not get through
            (rollback_abandoned, and rollback_held of an incident) is reported all the same,
            and whoever was notified of a beginning is notified of its end.

              rollguard silence add --release checkout --for 2h --reason 'load test'
              rollguard silence list
              rollguard silence end silence-417
            """,
        subcommands: [List.self, Add.self, End.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the silences in force, and what waits for an operator.")

        @OptionGroup var format: OutputChoice

        @OptionGroup var daemon: DaemonAddress

        func run() async throws {
            let (api, path) = (try daemon.open(), "/api/v1/silences")
            if format.isJSON { return Terminal.say(String(decoding: try await api.get(path), as: UTF8.self)) }
            Terminal.say(SilencesText.text(try await api.get(path, as: SilencesDocument.self)))
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hide the notifications that fulfil all of the conditions.")

        @Option(help: "Releases, with * for any characters. May be repeated.")
        var release: [String] = []

        @Option(help: "Events such as step_standing. May be repeated.")
        var event: [String] = []

        @Option(help: "info, warning or critical. May be repeated.")
        var severity: [String] = []

        @Option(help: "Rules, with * for any characters. May be repeated.")
        var rule: [String] = []

        @Option(help: "A label of the rule: name=value, with * for any characters. May be repeated.")
        var label: [String] = []

        @Flag(help: "Hide the notifications of every release, for a silence without a condition.")
        var everything = false

        @Option(name: .customLong("for"), help: "How long: 30m, 2h; 7d at most.")
        var span: TimeSpan

        @Option(help: "Why; it is shown as long as the silence lasts.")
        var reason: String

        @OptionGroup var caller: CallerChoice

        @OptionGroup var daemon: DaemonAddress

        func validate() throws {
            let conditions = release + event + severity + rule + label
            guard conditions.isEmpty == everything else {
                throw ValidationError("give conditions such as --release checkout, or --everything")
            }
        }

        func run() async throws {
            let lists = ["release": release, "event": event, "severity": severity, "rule": rule, "labels": label]
            var fields: [String: OrderField] = lists.filter { !$0.value.isEmpty }.mapValues { .names($0) }
            fields["for_seconds"] = .number(Int(span.ms / 1_000))
            (fields["reason"], fields["by"]) = (.text(reason), .text(caller.name))
            let answer = try await daemon.open().post("/api/v1/silences", fields: fields, as: CommandDocument.self)
            Terminal.say(answer.text)
        }
    }

    struct End: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a silence before its time.")

        @Argument(help: "The silence's id.")
        var id: String

        @OptionGroup var caller: CallerChoice

        @OptionGroup var daemon: DaemonAddress

        func run() async throws {
            let answer = try await daemon.open().post(
                "/api/v1/silences/\(DaemonAPI.escaped(id))/end", ["by": caller.name], as: CommandDocument.self)
            Terminal.say(answer.text)
        }
    }
}

/// Silences for people.
enum SilencesText {
    static func text(_ document: SilencesDocument) -> String {
        var lines = document.silences.isEmpty ? ["no silence is in force"] : []
        lines += Columns.laidOut(
            document.silences.map {
                [$0.id, $0.match, "until \($0.endsAt)", "\($0.hidden) hidden", "\($0.by): \($0.reason)"]
            }, indent: "")
        guard !document.open.isEmpty else { return lines.joined(separator: "\n") }
        lines += ["", "open"]
        lines += Columns.laidOut(document.open.map(row), indent: "  ")
        return lines.joined(separator: "\n")
    }

    private static func row(_ open: OpenSubjectDocument) -> [String] {
        let next = open.nextAt.map { "then \(open.next.joined(separator: ", ")) at \($0)" } ?? ""
        let state = open.acknowledgedBy.map { "acknowledged by \($0)" } ?? next
        return [open.subject, "since \(open.openedAt)", open.receivers.joined(separator: ", "), state]
    }
}
