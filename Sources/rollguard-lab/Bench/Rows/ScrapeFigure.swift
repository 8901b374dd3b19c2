/// What one program needed for one shape.
struct ScrapeFigure: Sendable, Codable, Equatable {
    var program: String
    var shape: Shape
    /// User and system time of all threads, seconds.
    var cpuSeconds: Double
    /// How long it was measured.
    var seconds: Double
    /// Scrapes that it made in that time.
    var scrapes: Int
    var late: Int
    var missed: Int
    var residentBytes: Int
    /// The part of it that is no mapped file (`RssAnon`); nil in results that were measured before it was.
    var anonymousBytes: Int?
    /// Of the machine, over the last minute, when the row ended.
    var load: Double

    /// CPU seconds per million samples; nil when it took none.
    var cpuPerMillion: Double? {
        let samples = Double(scrapes * shape.samples)
        return samples > 0 ? cpuSeconds / samples * 1e6 : nil
    }

    /// CPU milliseconds per round of scrapes.
    var cpuMsPerRound: Double { cpuSeconds / seconds * Double(shape.intervalMs) }
    var residentMiB: Double { Double(residentBytes) / 1_048_576 }
    var anonymousMiB: Double? { anonymousBytes.map { Double($0) / 1_048_576 } }

    /// For a terminal.
    var line: String {
        "\(Figures.short(cpuPerMillion)) CPU s per million samples, \(Figures.short(residentMiB)) MiB "
            + "(RssAnon \(Figures.short(anonymousMiB))), "
            + "\(scrapes) scrapes in \(Figures.short(seconds)) s, \(late) late, \(missed) missed, load \(Figures.short(load))"
    }
}
