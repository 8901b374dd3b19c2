import ArgumentParser

/// The command line: one file per command.
@main
struct Rollguard: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "rollguard",
        abstract: "Watches a new version beside the old one and takes it out the moment it is worse.",
        discussion: """
            Rollguard scrapes Prometheus-style metrics from both versions, compares
            error rate and latency in sliding windows, and calls the traffic router when
            a rule says that the new version is worse. It reads the split back, waits
            until the new version's traffic is gone, and notifies your receivers.

            Start with `rollguard demo`, then `rollguard init` for your own service,
            and `rollguard run`.

            Exit codes: 0 done; 1 the answer is no (a check failed, a rollback was not
            acknowledged); 2 wrong usage; 3 something that is needed could not be
            reached; 130 and 143 ended by SIGINT (Ctrl-C) and SIGTERM. Commands that lead a
            release have more: `rollguard wait --help`.
            """,
        version: BuildStamp.text,
        subcommands: [
            DemoCommand.self, InitCommand.self, CheckCommand.self, DoctorCommand.self, SchemaCommand.self,
            InspectCommand.self,
            RunCommand.self, ReloadCommand.self,
            PrepareCommand.self, BeginCommand.self, WaitCommand.self, StepsCommand.self, ApproveCommand.self,
            DenyCommand.self, PromoteCommand.self, PauseCommand.self, ResumeCommand.self, AbortCommand.self,
            FreezeCommand.self, UnfreezeCommand.self,
            StatusCommand.self, TargetsCommand.self, FleetCommand.self, RollbackCommand.self, RearmCommand.self,
            WhyCommand.self,
            PlanCommand.self, AcknowledgeCommand.self, SilenceCommand.self,
            DeliveriesCommand.self, NotifyCommand.self, VerifyCommand.self, BackupCommand.self, RouterCommand.self,
            ServiceCommand.self, LoadCommand.self,
            EvidenceCommand.self, ConfigCommand.self,
        ])

    static func main() async {
        EarlySignals.rememberReloads()
        // Off the main actor: hops from it cost more than a scrape.
        await Task.detached { await runParsed() }.value
    }

    private static func runParsed() async {
        if let message = UnknownCommand.message(Array(CommandLine.arguments.dropFirst())) {
            Terminal.complain(message)
            Terminal.exit(Failure.wrongUsage)
        }
        do {
            // Completions ask the running daemon, which only the asynchronous parser awaits.
            var command = try await asyncParseAsRoot(nil)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            Terminal.complain(failure.text)
            Terminal.exit(failure.code)
        } catch {
            let code = exitCode(for: error)
            if code == .success { exit(withError: error) }
            if let wanted = error as? ExitCode { Terminal.exit(wanted.rawValue) }
            Terminal.complain(fullMessage(for: error))
            Terminal.exit(Failure.wrongUsage)
        }
    }
}
