import API
import ArgumentParser
import Foundation
import Support

/// What goes back beside the traffic.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what goes back beside the traffic, and decide about its steps.",
        discussion: """
            Without a subcommand: what the steps of a release's plan would do if it were
            rolled back now, with the exact calls, and what their proofs show. Changes
            nothing. Ends with 3 when a proof cannot be read. With --when it shows the
            steps of another road: begin, watch or promote.

              rollguard plan checkout
              rollguard plan checkout --when begin
              rollguard plan done checkout-17 dead-letters --reason 'replayed'
              rollguard plan retry checkout-17 cache --reason 'the host is back'
              rollguard plan skip checkout-17 cache --reason 'not needed'
              rollguard plan run checkout-17 --from cache --reason 'the cache was emptied'
              rollguard plan abandon checkout-17 --reason 'done by hand'
            """,
        subcommands: [Show.self, Done.self, Skip.self, Retry.self, Run.self, Abandon.self], defaultSubcommand: Show.self
    )

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show what the steps would do now.")

        @Argument(help: "The release.", completion: DaemonNames.releases)
        var release: String

        @Option(help: "The road: begin, watch, promote or rollback.", completion: .list(PlanText.roads))
        var when = "rollback"

        @OptionGroup var format: OutputChoice

        @OptionGroup var daemon: DaemonAddress

        func run() async throws {
            let (api, path) = (try daemon.open(), "/api/v1/releases/\(DaemonAPI.escaped(release))/plan")
            guard PlanText.roads.contains(when) else {
                throw ValidationError("--when takes \(PlanText.roads.joined(separator: ", "))")
            }
            let body = when == "rollback" ? [:] : ["when": when]
            let document = try await api.post(path, body, as: PlanPreviewDocument.self)
            if format.isJSON {
                Terminal.say(JSONLine.text(document))
            } else {
                for line in PlanText.lines(document) { Terminal.say(line) }
            }
            if document.steps.contains(where: { $0.shows == "unreadable" }) {
                throw Failure.unreachable("a proof cannot be read; see above")
            }
        }
    }

    struct Done: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say that a step was done by hand, or that it took effect.")

        @OptionGroup var choice: StepChoice

        @Flag(help: "Also for a destructive step that no verified backup precedes.")
        var withoutBackup = false

        func run() async throws {
            try await choice.send("done", with: withoutBackup ? ["without_backup": "true"] : [:])
        }
    }

    struct Skip: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Leave a step out.")

        @OptionGroup var choice: StepChoice

        func run() async throws { try await choice.send("skip") }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Run a step again that has failed.")

        @OptionGroup var choice: StepChoice

        func run() async throws { try await choice.send("retry") }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run the steps of a plan again that has ended or is stopped.",
            discussion: """
                All steps, or those from one on. A step that must not run twice, and has run,
                is run again only when it is the one that --from names.
                """)

        @Argument(help: "The incident, the rollout, or the release.", completion: DaemonNames.incidents)
        var incident: String

        @Option(help: "The first step to run.")
        var from: String?

        @Option(help: "Why; it is kept with the incident.")
        var reason: String

        @OptionGroup var caller: CallerChoice

        @OptionGroup var daemon: DaemonAddress

        func run() async throws {
            var body = ["action": "run", "reason": reason, "by": caller.name]
            if let from { body["step"] = from }
            try await PlanOrder.send(body, incident: incident, daemon)
        }
    }

    struct Abandon: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give the plan up: no further step runs, and none is watched.")

        @Argument(help: "The incident, or the rollout.", completion: DaemonNames.incidents)
        var incident: String

        @Option(help: "Why; it is kept with the incident.")
        var reason: String

        @OptionGroup var caller: CallerChoice

        @OptionGroup var daemon: DaemonAddress

        func run() async throws {
            try await PlanOrder.send(
                ["action": "abandon", "reason": reason, "by": caller.name], incident: incident, daemon)
        }
    }

    /// A step of the plan of an incident or a rollout.
    struct StepChoice: ParsableArguments {
        @Argument(help: "The incident, or the rollout.", completion: DaemonNames.incidents)
        var incident: String

        @Argument(help: "The step's name.")
        var step: String

        @Option(help: "Why; it is kept with the incident.")
        var reason: String

        @OptionGroup var caller: CallerChoice

        @OptionGroup var daemon: DaemonAddress

        func send(_ action: String, with more: [String: String] = [:]) async throws {
            let body = ["action": action, "step": step, "reason": reason, "by": caller.name]
            try await PlanOrder.send(
                body.merging(more) { first, _ in first }, incident: incident, daemon)
        }
    }
}

private enum PlanOrder {
    static func send(_ body: [String: String], incident: String, _ daemon: DaemonAddress) async throws {
        let path = "/api/v1/incidents/\(DaemonAPI.escaped(incident))/plan"
        Terminal.say(try await daemon.open().post(path, body, as: CommandDocument.self).text)
    }
}

/// A plan for people.
enum PlanText {
    static let roads = ["begin", "watch", "promote", "rollback"]

    static func lines(_ document: PlanPreviewDocument) -> [String] {
        let road = document.road ?? "rollback"
        var rows = document.steps.enumerated().map { index, step in
            ["\(index + 1)", step.name, road == "watch" ? "again and again" : "at \(step.at)", step.call]
        }
        if road == "rollback" {
            rows.insert(["0", "traffic", "first", "the router is called, and no step is waited for"], at: 0)
        }
        var lines = [head(document, road)]
        if rows.isEmpty { lines.append("  no step is on this road") }
        let laidOut = Columns.laidOut(rows, indent: "  ")
        if road == "rollback" { lines.append(laidOut[0]) }
        for (line, step) in zip(laidOut.dropFirst(laidOut.count - document.steps.count), document.steps) {
            lines.append(line)
            lines.append("       " + details(step))
        }
        if let schema = document.schema { lines.append("  schema  \(schema)") }
        return lines
    }

    private static func head(_ document: PlanPreviewDocument, _ road: String) -> String {
        let (baseline, canary) = (document.toVersion, document.fromVersion)
        return switch road {
        case "begin": "\(document.release): \(canary) beside \(baseline), if its rollout began now"
        case "promote": "\(document.release): \(canary) in the place of \(baseline), if it got everything now"
        case "watch": "\(document.release): while \(canary) is watched beside \(baseline)"
        default: "\(document.release): \(canary) -> \(baseline), if it were rolled back now"
        }
    }

    private static func details(_ step: PlanPreviewStepDocument) -> String {
        let condition = step.guard.map { [$0] } ?? []
        let together = step.together == true ? ["at once with its neighbours"] : []
        guard step.kind != "person" else {
            return (["waits for `rollguard plan done`"] + together + condition).joined(separator: "; ")
        }
        var parts = ["\(NumberText.plain(step.timeoutSeconds)) s a try"]
        if step.retries > 0 { parts.append("\(step.retries) retries") }
        parts.append(step.idempotent ? "may run twice" : "never runs twice")
        parts.append("on failure: \(step.onFailure)")
        parts += together + condition
        parts.append(step.finding.map { "now: \($0)" } ?? "no proof beside its own answer")
        if let undo = step.undo { parts.append("undone by: \(undo)") }
        return parts.joined(separator: "; ")
    }

    /// The plan of a rollout, with its road.
    static func lines(_ forward: ForwardPlanDocument) -> [String] {
        var lines = lines(forward.run)
        lines[0] = "plan     on the road \(forward.road) of \(forward.id): \(forward.run.text)"
        return lines + (forward.undoneBy.map { ["         undone by \($0)"] } ?? [])
    }

    /// The plan of an incident.
    static func lines(_ plan: PlanDocument) -> [String] {
        ["plan     \(plan.text)"]
            + Columns.laidOut(
                plan.steps.map { ["\($0.name)", "at \($0.at)", $0.text] }, indent: "           ")
    }
}
