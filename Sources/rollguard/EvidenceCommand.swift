import ArgumentParser
import Calculator

/// The calculator: increments of two pools in, evidence out.
struct EvidenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence",
        abstract: "Say how strong the evidence is that a canary is worse, from counts on standard input.",
        discussion: """
            Reads JSON lines, one per scrape, with what both pools did since the line
            before, and prints a line of evidence for each:

              {"t": 5, "baseline": {"requests": 900, "bad": 1}, "canary": {"requests": 100, "bad": 2}, "phi": 1}

            t is seconds since the start; phi, the dispersion factor, is 1 where it is
            left out; a pool may have "buckets": {"0.25": 80, "+Inf": 100}. The
            result may be used after every line: the false-alarm probability holds for
            all lines together.
            See docs/reference/statistics.md.

            Exit code 0 when the canary was not called worse, 1 when it was, 2 when a
            line cannot be used.

              rollguard evidence < increments.jsonl
              rollguard evidence --tolerance 20% --false-alarm 0.1% --floor 0.1% < increments.jsonl
            """)

    @Option(help: "How much larger the canary's rate may be.")
    var tolerance = "10%"

    @Option(help: "The probability of calling a good canary worse, over all lines together.")
    var falseAlarm = "1%"

    @Option(help: "Canary rates below this are ignored.")
    var floor = "0%"

    @Flag(help: "The lines hold counters since the process began, not increments; a counter that falls is a restart.")
    var counters = false

    func run() throws {
        var calculator = EvidenceCalculator(try options())
        while let line = readLine() {
            do {
                if let answer = try calculator.take(line) { Terminal.say(answer) }
            } catch {
                throw Failure.usage("\(error)")
            }
        }
        if calculator.isWorse { throw ExitCode(Failure.no) }
    }

    private func options() throws -> EvidenceCalculator.Options {
        EvidenceCalculator.Options(
            tolerance: try share("--tolerance", tolerance, from: "0%", to: "1000%"),
            falseAlarm: try share("--false-alarm", falseAlarm, from: "0.0000001%", to: "50%"),
            floor: try share("--floor", floor, from: "0%", to: "99%"), areCounters: counters)
    }

    private func share(_ name: String, _ text: String, from least: String, to most: String) throws -> Double {
        guard let share = Percentage.share(text), share >= Percentage.share(least) ?? 0,
            share <= Percentage.share(most) ?? 0
        else {
            throw ValidationError("\(name) \(text): expected a percentage with its sign, from \(least) to \(most)")
        }
        return share
    }
}
