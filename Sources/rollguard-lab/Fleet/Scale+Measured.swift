extension Scale {
    /// As docs/scale.md has it: a test compares.
    static let measured = Scale(
        baseBytes: 23.8 * 1_048_576, bytesPerTarget: 10.9 * 1_024, bytesPerSeries: 17.8, secondsPerScrape: 86.3e-6,
        secondsPerSample: 24.7e-9)

    private init(
        baseBytes: Double, bytesPerTarget: Double, bytesPerSeries: Double, secondsPerScrape: Double,
        secondsPerSample: Double
    ) {
        self.baseBytes = baseBytes
        self.bytesPerTarget = bytesPerTarget
        self.bytesPerSeries = bytesPerSeries
        self.secondsPerScrape = secondsPerScrape
        self.secondsPerSample = secondsPerSample
    }
}
