/// Runs releases in parallel, each from its own seed: the result does not depend on how many work.
enum Workers {
    /// - Parameters:
    ///   - jobs: how many work at once, at least 1.
    ///   - trial: the alarms of the release with this number.
    static func tally(
        releases: Int, methods: Int, jobs: Int, trial: @escaping @Sendable (Int) -> [Double?]
    ) async -> Tally {
        let jobs = max(1, jobs)
        return await withTaskGroup(of: Tally.self) { group in
            for job in 0..<jobs {
                group.addTask {
                    var tally = Tally(methods: methods)
                    for release in stride(from: job, to: releases, by: jobs) { tally.add(trial(release)) }
                    return tally
                }
            }
            var all = Tally(methods: methods)
            for await part in group { all.add(part) }
            return all
        }
    }
}
