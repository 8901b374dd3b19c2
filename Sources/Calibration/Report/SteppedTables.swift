import Statistics

/// The tables of releases in steps: harm under moving rates, bad canaries at the gates, and how long a good one takes.
struct SteppedTables {
    let options: CalibrationOptions
    private(set) var violations: [String] = []

    init(options: CalibrationOptions) { self.options = options }

    /// Releases per row.
    private var releases: Int { options.steppedReleases }

    mutating func text(progress: @Sendable (String) -> Void) async -> String {
        progress("stepped: healthy releases under moving rates")
        var text = "## Healthy releases in steps whose rates move: called worse, %\n\n" + (await harm())
        progress("stepped: bad canaries at the gates")
        text += "\n## Canaries that are exactly the ratio as bad: gates that opened, %\n\n" + (await atTheRatio())
        text += "\n### A canary that breaks when it gets half of the traffic: called safe, %\n\n" + (await breaking())
        progress("stepped: time to proof")
        text += "\n## Time to proof of a canary as good as the baseline\n\n" + (await times())
        progress("stepped: whole releases")
        text += "\n## Which releases get all of the traffic\n\n" + (await rollouts())
        return text
    }

    // MARK: Tables

    private mutating func harm() async -> String {
        let cells: [(String, SteppedCell)] = [100.0, 1_000].flatMap { rate in
            [
                ("\(Int(rate)) req/s, 0.2 % to 2 %", SteppedCell(requestsPerSecond: rate, baseRate: 0.002, climb: 10)),
                ("\(Int(rate)) req/s, 2 % to 0.2 %", SteppedCell(requestsPerSecond: rate, baseRate: 0.02, climb: 0.1)),
                ("\(Int(rate)) req/s, 1 %", SteppedCell(requestsPerSecond: rate)),
                ("\(Int(rate)) req/s, 1 %, clusters of 3", SteppedCell(requestsPerSecond: rate, clusterMean: 3)),
            ]
        }
        var rows: [[String]] = []
        for (number, (name, cell)) in cells.enumerated() {
            let tally = await tally(number, methods: HarmTrial.names.count) { HarmTrial(cell: cell, chance: $0).alarms }
            let isMet = note(tally.alarmShare(0), stated: ErrorTrial.falseAlarm, "harm in steps, \(name)")
            rows.append(
                [name] + HarmTrial.names.indices.map { Markdown.percent(tally.alarmShare($0)) } + [isMet])
        }
        return Markdown.table(["release"] + HarmTrial.names + ["at most 1 %"], rows)
    }

    private mutating func atTheRatio() async -> String {
        var rows: [[String]] = []
        for (row, (name, cell)) in SteppedTables.gateCells.enumerated() {
            var shown = [name]
            var worst = 0.0
            for (index, share) in SteppedCell.shares.enumerated() {
                let ratio = SteppedTables.ratio(before: index)
                let tally = await tally(100 + 10 * row + index, methods: 1) { chance in
                    [
                        GateTrial(
                            cell: cell, share: share, ratio: ratio, times: ratio, limitSeconds: 1_800, chance: chance
                        ).openSeconds
                    ]
                }
                worst = max(worst, tally.alarmShare(0))
                shown.append(Markdown.percent(tally.alarmShare(0)))
            }
            rows.append(shown + [note(worst, stated: 0.05, "gates, \(name)")])
        }
        return Markdown.table(["canary"] + SteppedTables.stepNames + ["at most 5 %"], rows)
    }

    private mutating func breaking() async -> String {
        var rows: [[String]] = []
        for (number, times) in [1.6, 2.0].enumerated() {
            let cell = SteppedCell(requestsPerSecond: 100)
            let tally = await tally(200 + number, methods: BreakTrial.names.count) { chance in
                BreakTrial(cell: cell, times: times, chance: chance).safeSeconds
            }
            let isMet = note(tally.alarmShare(0), stated: 0.05, "a canary that breaks, \(times)x")
            rows.append(
                ["\(times)x"] + BreakTrial.names.indices.map { Markdown.percent(tally.alarmShare($0)) } + [isMet])
        }
        return Markdown.table(["from 50 % on"] + BreakTrial.names + ["the step's at most 5 %"], rows)
    }

    private mutating func times() async -> String {
        let runs = max(1, releases / 5)
        var rows: [[String]] = []
        for (row, asked) in options.some(of: SteppedTables.asked).enumerated() {
            var shown = [asked.name]
            for (index, share) in SteppedCell.shares.enumerated() {
                let ratio = asked.ratio ?? SteppedTables.ratio(before: index)
                let cell = asked.cell
                let tally = await tally(300 + 10 * row + index, methods: 1, releases: runs) { chance in
                    [
                        GateTrial(
                            cell: cell, share: share, ratio: ratio, times: 1, limitSeconds: 4 * 3_600, chance: chance
                        ).openSeconds
                    ]
                }
                let found = tally.detection(0, faultSeconds: 0)
                shown.append(found.text + SteppedTables.judged(found.medianSeconds, goal: asked.medians[index]))
            }
            rows.append(shown)
        }
        return Markdown.table(["traffic and question"] + SteppedTables.stepNames, rows)
    }

    /// ` (78 met)`.
    private static func judged(_ median: Double?, goal: Double?) -> String {
        guard let goal else { return "" }
        return " (\(Int(goal)) \(median ?? .infinity <= goal ? "met" : "NOT met"))"
    }

    private mutating func rollouts() async -> String {
        let healthy = SteppedCell(requestsPerSecond: 100)
        let climbing = SteppedCell(requestsPerSecond: 100, baseRate: 0.004, climb: 5)
        let cases: [(name: String, cell: SteppedCell, times: Double, fromShare: Double)] = [
            ("as good, 1 %", healthy, 1, 0), ("as good, everybody 0.4 % to 2 %", climbing, 1, 0),
            ("1.6x from the start, 1 %", healthy, 1.6, 0), ("1.6x from 50 % on, 1 %", healthy, 1.6, 0.5),
            ("3x from the start, 0.2 %", SteppedCell(requestsPerSecond: 100, baseRate: 0.002), 3, 0),
            ("3x from 25 % on, 0.2 %", SteppedCell(requestsPerSecond: 100, baseRate: 0.002), 3, 0.25),
        ]
        let runs = max(1, releases / 5)
        var rows: [[String]] = []
        for (number, one) in cases.enumerated() {
            let tally = await tally(500 + number, methods: 4, releases: runs) { chance in
                let trial = RolloutTrial(cell: one.cell, times: one.times, fromShare: one.fromShare, chance: chance)
                return trial.completeSeconds + [trial.isAccused ? 1 : nil]
            }
            let (complete, accused) = (tally.alarmShare(0), tally.alarmShare(3))
            let isMet =
                one.times > 1
                ? note(complete, stated: 0.05, runs: runs, "complete releases, \(one.name)")
                : note(accused, stated: ErrorTrial.falseAlarm, runs: runs, "rolled back, \(one.name)")
            rows.append(
                [one.name]
                    + RolloutTrial.names.indices.map { method in
                        let found = tally.detection(method, faultSeconds: 0)
                        let minutes = found.medianSeconds.map { ", \(Int(($0 / 60).rounded())) min" } ?? ""
                        return Markdown.percent(tally.alarmShare(method)) + minutes
                    } + [Markdown.percent(accused), isMet])
        }
        let names = RolloutTrial.names.map { "\($0): %, median" }
        return Markdown.table(
            ["canary, 100 req/s"] + names + ["Rollguard rolled back, %", "promise"], rows)
    }

    // MARK: What is asked

    /// Before the next share the canary has to be shown to be at most so many times as bad.
    private static func ratio(before index: Int) -> Double {
        let next = index + 1 < SteppedCell.shares.count ? SteppedCell.shares[index + 1] : 1
        return StepQuestion.ratio(excess: 0.5, nextShare: next)
    }

    private static let stepNames = SteppedCell.shares.indices.map { index in
        "at \(Markdown.plainPercent(SteppedCell.shares[index]))"
    }

    private static let gateCells: [(String, SteppedCell)] = [
        ("100 req/s, 1 %", SteppedCell(requestsPerSecond: 100)),
        ("1 000 req/s, 0.2 % to 2 %", SteppedCell(requestsPerSecond: 1_000, baseRate: 0.002, climb: 10)),
        ("100 req/s, 1 %, clusters of 3", SteppedCell(requestsPerSecond: 100, clusterMean: 3)),
        (
            "100 req/s, 1 %, one baseline instance",
            SteppedCell(requestsPerSecond: 100, baselineInstances: 1, canaryInstances: 1)
        ),
    ]

    private struct Asked {
        let name: String
        let cell: SteppedCell
        /// Nil for an excess of 50 %.
        let ratio: Double?
        /// Seconds at each step: of the reference in Python, to the end of what it was rounded to, and two cycles more, because
        /// a block waits for its neighbour.
        ///
        /// Nil where nothing was asked.
        let medians: [Double?]
    }

    private static let asked = [
        Asked(
            name: "100 req/s, 1 %, 1.5x everywhere", cell: SteppedCell(requestsPerSecond: 100), ratio: 1.5,
            medians: [3_460, 880, 400, 280, 220]),
        Asked(
            name: "100 req/s, 1 %, excess 50 %", cell: SteppedCell(requestsPerSecond: 100), ratio: nil,
            medians: [78, 48, 68, 88, 220]),
        Asked(
            name: "1 000 req/s, 0.1 %, excess 50 %", cell: SteppedCell(requestsPerSecond: 1_000, baseRate: 0.001),
            ratio: nil, medians: [78, 48, 68, 88, 220]),
        Asked(
            name: "100 req/s, 0.1 %, excess 50 %", cell: SteppedCell(requestsPerSecond: 100, baseRate: 0.001),
            ratio: nil, medians: [700, 340, 520, 760, 1_660]),
        Asked(
            name: "30 req/s, 0.1 %, excess 50 %", cell: SteppedCell(requestsPerSecond: 30, baseRate: 0.001), ratio: nil,
            medians: [2_200, 1_060, 1_780, 2_320, 5_920]),
        Asked(
            name: "1 000 req/s, 1 %, 1.5x, one baseline instance",
            cell: SteppedCell(requestsPerSecond: 1_000, baselineInstances: 1, canaryInstances: 1), ratio: 1.5,
            medians: [nil, 2_040, 1_020, 420, 240]),
    ]

    // MARK: Pieces

    /// `met`, or a violation: more than stated plus two standard errors.
    private mutating func note(_ share: Double, stated: Double, runs: Int? = nil, _ what: String) -> String {
        let limit = stated + 2 * (stated * (1 - stated) / Double(max(1, runs ?? releases))).squareRoot()
        guard share > limit else { return "met" }
        violations.append("\(what): \(Markdown.percent(share)) %")
        return "NOT met"
    }

    private func tally(
        _ number: Int, methods: Int, releases: Int? = nil, _ trial: @escaping @Sendable (Chance) -> [Double?]
    ) async -> Tally {
        let seed = options.seed
        let stream = 0x7374_6570_0000 + UInt64(number)
        return await Workers.tally(releases: releases ?? self.releases, methods: methods, jobs: options.jobs) {
            trial(Chance(seed: seed, stream: stream, release: $0))
        }
    }
}
