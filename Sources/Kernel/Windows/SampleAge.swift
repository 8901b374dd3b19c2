import Support

extension PoolState {
    /// How old the pool's samples are when a server was asked for them: `the canary's samples are up to 14 s old (from a server
    /// that scrapes every 15 s)`; or that they are scraped in place of that. Nil for scrapes that are configured, and when no target has a sample that is young enough.
    func sampleAge(of name: String) -> String? {
        let origins = targets.compactMap { $0.isUp == true ? $0.origin : nil }
        if let text = fallback(of: name) { return text }
        guard let oldest = origins.map(\.ageMs).max() else { return nil }
        let interval = origins.compactMap(\.intervalMs).max()
        let every = interval.map { ", which scrapes every \(NumberText.wait(seconds: Double($0) / 1_000))" } ?? ""
        return
            "the newest samples of the \(name) are up to \(NumberText.wait(seconds: Double(max(0, oldest)) / 1_000)) old, "
            + "read from a server\(every)"
    }

    /// That the pool is scraped in place of its server; nil where it is not.
    func fallback(of name: String) -> String? {
        let isFallback = targets.contains { $0.isUp == true && $0.origin?.isFallback == true }
        return isFallback ? "the \(name) is scraped, because its server gives no samples" : nil
    }
}
