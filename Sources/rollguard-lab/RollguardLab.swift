import ArgumentParser
import Foundation

/// What a developer has: simulations and measurements of the program that ships. Users never need it.
@main
enum Program {
    /// The gate runs on the main thread and nothing beside it: callgrind 3.19 crashes where the main thread waits for tasks, as
    /// it does in a program whose `main` is asynchronous.
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == GateCommand.configuration.commandName {
            return GateCommand.main(Array(arguments.dropFirst()))
        }
        Task.detached {
            await RollguardLab.main()
            exit(0)
        }
        dispatchMain()
    }
}

struct RollguardLab: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollguard-lab",
        abstract: "Simulates and measures Rollguard: for its developers.",
        discussion: "The Makefile's targets simulate, calibrate, bench and gate build it and run it.",
        subcommands: [
            SimulateCommand.self, CalibrateCommand.self, BenchCommand.self, GateCommand.self, FleetPlanCommand.self,
        ])
}
