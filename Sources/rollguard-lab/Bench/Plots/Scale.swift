/// What fleets need, from what was measured here: memory and CPU grow with targets and with series, so three rows of the
/// benchmark give both slopes.
struct Scale: Equatable {
    /// Resident bytes of a daemon with nothing to do.
    let baseBytes: Double
    let bytesPerTarget: Double
    let bytesPerSeries: Double
    /// CPU seconds per scrape, without its samples.
    let secondsPerScrape: Double
    let secondsPerSample: Double

    /// Nil without the rows of 100 and 1 000 targets with 100 and 1 000 samples.
    init?(_ figures: [ScrapeFigure]) {
        func find(_ targets: Int, _ samples: Int) -> ScrapeFigure? {
            figures.first {
                $0.program == "rollguard" && $0.shape.targets == targets && $0.shape.samples == samples
                    && $0.scrapes > 0
            }
        }
        guard let few = find(100, 100), let many = find(1_000, 100), let large = find(1_000, 1_000) else { return nil }
        func bytes(_ figure: ScrapeFigure) -> Double { Double(figure.residentBytes) }
        bytesPerSeries = max(0, (bytes(large) - bytes(many)) / 900_000)
        bytesPerTarget = max(0, (bytes(many) - bytes(few)) / 900 - 100 * bytesPerSeries)
        baseBytes = max(0, bytes(few) - 100 * bytesPerTarget - 10_000 * bytesPerSeries)
        func perScrape(_ figure: ScrapeFigure) -> Double { figure.cpuSeconds / Double(figure.scrapes) }
        secondsPerSample = max(0, (perScrape(large) - perScrape(many)) / 900)
        secondsPerScrape = max(0, perScrape(many) - 100 * secondsPerSample)
    }

    /// What a fleet needs.
    struct Need: Equatable {
        var cores: Double
        var bytes: Double
        var sockets: Int
        var shards: Int
    }

    /// One Rollguard takes at most this much, so that it is never late: half of the one core that its transfers run on, and a
    /// few connections less than it keeps open at the most (docs/scale.md).
    static let coresPerShard = 0.5
    static let bytesPerShard = 4.0 * 1_073_741_824
    static let socketsPerShard = 16_000

    func need(targets: Int, samples: Int, intervalSeconds: Double) -> Need {
        let cores = Double(targets) * (secondsPerScrape + Double(samples) * secondsPerSample) / intervalSeconds
        let bytes = Double(targets) * (bytesPerTarget + Double(samples) * bytesPerSeries)
        let parts = max(
            cores / Scale.coresPerShard, bytes / (Scale.bytesPerShard - baseBytes),
            Double(targets) / Double(Scale.socketsPerShard))
        let shards = max(1, Int(parts.rounded(.up)))
        return Need(cores: cores, bytes: bytes + baseBytes * Double(shards), sockets: targets, shards: shards)
    }

    /// The table of docs/scale.md.
    var text: String {
        var lines = "Measured: \(Figures.short(baseBytes / 1_048_576)) MiB for a daemon at rest, "
        lines +=
            "\(Figures.short(bytesPerTarget / 1_024)) KiB per target and \(Figures.short(bytesPerSeries)) bytes per "
        lines += "series; \(Figures.short(secondsPerScrape * 1e6)) us of CPU per scrape and "
        lines += "\(Figures.short(secondsPerSample * 1e9)) ns per sample.\n\n"
        var table = Markdown([
            "targets", "samples each", "interval", "samples per second", "cores", "memory, GiB", "sockets",
            "Rollguards",
        ])
        for (targets, samples, seconds) in [
            (1_000, 1_000, 5), (10_000, 1_000, 15), (100_000, 100, 15), (100_000, 1_000, 15), (100_000, 1_000, 60),
        ] {
            let need = need(targets: targets, samples: samples, intervalSeconds: Double(seconds))
            table.row([
                Figures.grouped(targets), Figures.grouped(samples), "\(seconds) s",
                Figures.grouped(targets * samples / seconds), Figures.short(need.cores),
                Figures.short(need.bytes / 1_073_741_824), Figures.grouped(need.sockets), "\(need.shards)",
            ])
        }
        return lines + table.text
    }
}
