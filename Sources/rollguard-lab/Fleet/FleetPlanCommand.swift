import ArgumentParser

/// The table of docs/scale.md: what a fleet of Rollguards does with its releases when members come and go.
struct FleetPlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet-plan",
        abstract: "Share the releases of a large fleet out among members, and count what moves.",
        discussion: """
            Members, releases and time are virtual: the assignment is the one that a coordinator makes, no target is scraped.
            Exit code 1 when something is unwatched, out of balance, or when more moves than has to.
            """)

    @Option(help: "Targets of all releases.")
    var targets = 100_000
    @Option(help: "Releases.")
    var releases = 5_000
    @Option(help: "Members of the fleet at its start.")
    var members = 7
    @Option(help: "Members that watch each release.")
    var copies = 2
    @Option(help: "Shards.")
    var shards = 256
    @Option(help: "Targets of a large release that comes at the end.")
    var largest = 10_000
    @Option(help: "Samples of each target, for cores and memory.")
    var samples = 1_000
    @Option(help: "Seconds between two scrapes of a target.")
    var interval = 15.0
    @Option(help: "Of the sizes of the releases.")
    var seed: UInt64 = 1

    func validate() throws {
        guard (1...3).contains(copies), (1...256).contains(shards), members > copies, members <= 1_000 else {
            throw ValidationError("copies are 1 to 3, shards 1 to 256, and members more than copies, at most 1000")
        }
        guard releases > 0, releases <= 100_000, targets >= 2 * releases, targets <= 10_000_000, largest >= 0,
            largest <= 10_000_000, samples > 0, interval > 0
        else { throw ValidationError("each release has two targets at least") }
    }

    func run() throws {
        let fleet = VirtualFleet(
            releases: releases, targets: targets, shards: shards, copies: copies, largest: largest, seed: seed)
        let drill = FleetDrill(fleet, members: members)
        print(drill.text(samples: samples, intervalSeconds: interval))
        guard drill.broken.isEmpty else {
            for law in drill.broken { print("broken: \(law)") }
            throw ExitCode(1)
        }
    }
}
