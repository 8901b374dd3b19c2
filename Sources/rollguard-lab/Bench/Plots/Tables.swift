/// The tables of a run, in Markdown.
struct Tables {
    let results: Results

    var text: String {
        [
            ("Scrapes", scrapes(results.scrapes)), ("Rules", ruleTable), ("From a fault to the call", faults),
            ("From a fault to the call, under load", load), ("The kernel alone", kernel),
            ("Reading a scrape body", reader),
            ("Not measured", gaps),
        ].filter { !$0.1.isEmpty }.map { "### \($0.0)\n\n\($0.1)" }.joined(separator: "\n")
    }

    /// What it was measured on, one sentence.
    var circumstances: String {
        let machine = results.machine
        return "\(results.date) UTC, \(machine.cores) cores of \(machine.processor), \(machine.memoryGiB) GiB; load "
            + "\(Figures.fixed(machine.loadBefore, 1)) before and \(Figures.fixed(machine.loadAfter, 1)) after"
            + (results.isQuick ? "; a quick run" : "")
    }

    private func scrapes(_ figures: [ScrapeFigure]) -> String {
        guard !figures.isEmpty else { return "" }
        var table = Markdown([
            "targets x samples @ interval", "program", "CPU s per million samples", "beside ours", "RssAnon MiB",
            "RSS MiB", "scrapes", "late", "missed", "load",
        ])
        for figure in figures {
            table.row([
                figure.shape.name, figure.program, Figures.short(figure.cpuPerMillion),
                ratio(figure, among: figures, by: \.cpuPerMillion), Figures.short(figure.anonymousMiB),
                Figures.short(figure.residentMiB), "\(figure.scrapes)", "\(figure.late)", "\(figure.missed)",
                Figures.fixed(figure.load, 1),
            ])
        }
        return table.text
    }

    /// How many times what ours needed for the same shape.
    private func ratio(
        _ figure: ScrapeFigure, among figures: [ScrapeFigure], by cost: (ScrapeFigure) -> Double?
    ) -> String {
        let ours = figures.first { $0.shape == figure.shape && $0.program == "rollguard" }
        guard let mine = ours.flatMap(cost), mine > 0, let theirs = cost(figure) else { return "-" }
        return "x " + Figures.short(theirs / mine)
    }

    private var ruleTable: String {
        guard !results.rules.isEmpty else { return "" }
        var table = Markdown([
            "rules", "program", "CPU ms per round", "beside ours", "RssAnon MiB", "RSS MiB", "missed", "load",
        ])
        for figure in results.rules {
            table.row([
                Figures.grouped(figure.shape.rules ?? 0), figure.program, Figures.short(figure.cpuMsPerRound),
                ratio(figure, among: results.rules) { $0.cpuMsPerRound }, Figures.short(figure.anonymousMiB),
                Figures.short(figure.residentMiB),
                "\(figure.missed)", Figures.fixed(figure.load, 1),
            ])
        }
        return table.text
    }

    private var faults: String {
        guard !results.faults.isEmpty else { return "" }
        var table = Markdown([
            "program", "answered", "false alarms", "total ms p50 / p90 / max", "until the deciding scrape",
            "from it to the call", "load",
        ])
        for figure in results.faults {
            table.row([
                figure.program, "\(figure.answered) of \(figure.faults)", "\(figure.falseAlarms)",
                Tables.spread(figure.total),
                Tables.spread(figure.statistical), Tables.spread(figure.pipeline), Figures.fixed(figure.load, 1),
            ])
        }
        return table.text
    }

    private var load: String { results.load.map(Tables.load) ?? "" }

    /// The two halves of the row and what they say.
    static func load(_ figure: LoadFigure) -> String {
        var table = Markdown([
            "rollguard", "answered", "false alarms", "from the deciding scrape to the call, ms p50 / p90 / max", "load",
        ])
        for (name, half) in [("alone", figure.alone), ("under load", figure.loaded)] {
            table.row([
                name, "\(half.answered) of \(half.faults)", "\(half.falseAlarms)", spread(half.pipeline),
                Figures.fixed(half.load, 1),
            ])
        }
        let limit = "\(Figures.short(LoadFigure.limitMs)) ms"
        let verdict =
            figure.differenceMs.map {
                "The median call came \(Figures.short($0)) ms later under load, which is"
                    + (figure.isWithinLimit ? " within \(limit)." : " more than \(limit).")
            } ?? "Not every fault was answered, so the two cannot be compared."
        return "\(table.text)\nUnder load: \(figure.load.text); the readers received"
            + " \(Figures.short(figure.answersPerSecond)) answers/s, \(Figures.short(figure.megabytesPerSecond)) MB/s."
            + " \(verdict)\n"
    }

    /// `4.17 / 5.43 / 6.97`.
    private static func spread(_ spread: Spread?) -> String {
        guard let spread else { return "-" }
        return [spread.p50, spread.p90, spread.max].map(Figures.short).joined(separator: " / ")
    }

    private var kernel: String {
        let figures = results.kernelRules + results.kernelWindows + results.kernelTargets
        guard !figures.isEmpty else { return "" }
        var table = Markdown([
            "targets", "rules", "window", "one evaluation of all, us", "rules per ms", "a target's report, us",
        ])
        for figure in figures {
            table.row([
                Figures.grouped(figure.targets), Figures.grouped(figure.rules),
                "\(Figures.grouped(figure.windowSeconds)) s",
                Figures.short(figure.judgeUs), Figures.short(figure.rulesPerMs), Figures.short(figure.reportUs),
            ])
        }
        return table.text
    }

    private var reader: String {
        guard !results.reader.isEmpty else { return "" }
        var table = Markdown([
            "samples", "bytes", "first body, ns per sample", "MB/s", "next body, ns per sample", "MB/s",
        ])
        for figure in results.reader {
            table.row([
                Figures.grouped(figure.samples), Figures.grouped(figure.bodyBytes), Figures.short(figure.firstNs),
                Figures.short(figure.firstMBPerSecond), Figures.short(figure.nextNs),
                Figures.short(figure.nextMBPerSecond),
            ])
        }
        return table.text
    }

    private var gaps: String { results.gaps.map { "- \($0)\n" }.joined() }
}
