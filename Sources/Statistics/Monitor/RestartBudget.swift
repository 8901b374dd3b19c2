/// How the runs of a comparison that begins again within a release share the release's false-alarm probability.
///
/// A run that ends because other instances serve leaves its evidence behind, and the next one has a chance of its own to raise a
/// false alarm. The parts of all runs add up to 1, however many there are, so the probability of any false alarm in the release
/// stays within what was stated (the union bound). They fall as slowly as the square of the number, so that a pool that is scaled
/// all day is still watched: the tenth restart needs 4.9 nats more evidence than a comparison that never begins again.
enum RestartBudget {
    /// 1/2, 1/6, 1/12, 1/20, …
    ///
    /// - Parameter restarts: how often the comparison has begun again, from 0.
    static func part(afterRestarts restarts: Int) -> Double {
        let run = Double(max(0, restarts))
        return 1 / ((run + 1) * (run + 2))
    }
}
