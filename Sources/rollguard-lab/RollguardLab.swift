import ArgumentParser

/// What a developer has: simulations and measurements of the program that ships. Users never need it.
@main
struct RollguardLab: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollguard-lab",
        abstract: "Simulates and measures Rollguard: for its developers.",
        discussion: "The Makefile's targets simulate, calibrate, bench and gate build it and run it.",
        subcommands: [SimulateCommand.self, CalibrateCommand.self, BenchCommand.self, GateCommand.self])
}
