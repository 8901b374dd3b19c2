/// The tables of a run, in Markdown.
struct Tables {
    let results: Results

    var text: String {
        [
            ("Scrapes", scrapes(results.scrapes)), ("Rules", ruleTable), ("From a fault to the call", faults),
            ("The kernel alone", kernel), ("Reading a page", reader), ("Not measured", gaps),
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
            "program", "answered", "false alarms", "total ms p50 / p90 / max", "until the deciding page",
            "from it to the call", "load",
        ])
        func words(_ spread: Spread?) -> String {
            guard let spread else { return "-" }
            return [spread.p50, spread.p90, spread.max].map(Figures.short).joined(separator: " / ")
        }
        for figure in results.faults {
            table.row([
                figure.program, "\(figure.answered) of \(figure.faults)", "\(figure.falseAlarms)", words(figure.total),
                words(figure.statistical), words(figure.pipeline), Figures.fixed(figure.load, 1),
            ])
        }
        return table.text
    }

    private var kernel: String {
        let figures = results.kernelRules + results.kernelWindows + results.kernelTargets
        guard !figures.isEmpty else { return "" }
        var table = Markdown([
            "targets", "rules", "window", "one look at all, us", "rules per ms", "a target's report, us",
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
            "samples", "bytes", "first page, ns per sample", "MB/s", "next page, ns per sample", "MB/s",
        ])
        for figure in results.reader {
            table.row([
                Figures.grouped(figure.samples), Figures.grouped(figure.pageBytes), Figures.short(figure.firstNs),
                Figures.short(figure.firstMBPerSecond), Figures.short(figure.nextNs),
                Figures.short(figure.nextMBPerSecond),
            ])
        }
        return table.text
    }

    private var gaps: String { results.gaps.map { "- \($0)\n" }.joined() }
}
