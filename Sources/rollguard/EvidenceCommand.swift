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
            left out; a pool may have "buckets": {"0.25": 80, "+Inf": 100}. You may look
            after every line: the false-alarm probability holds for all looks together.
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
            tolerance: try share("--tolerance", tolerance, in: 0...100),
            falseAlarm: try share("--false-alarm", falseAlarm, in: 1e-9...0.5),
            floor: try share("--floor", floor, in: 0...0.99), areCounters: counters)
    }

    private func share(_ name: String, _ text: String, in range: ClosedRange<Double>) throws -> Double {
        guard let share = Percentage.share(text), range.contains(share) else {
            throw ValidationError(
                "\(name) \(text): expected a percentage like 10% between \(range.lowerBound * 100)% and "
                    + "\(range.upperBound * 100)%")
        }
        return share
    }
}
