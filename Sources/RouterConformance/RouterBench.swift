package import Ports

/// A router set up for the conformance kit: the driver under test, and the tester's own ways to the same router, which
/// the driver knows nothing of. The router is a scripted fake or the real program.
///
/// What a bench cannot do (a real program cannot be made to answer rubbish) it leaves nil; the facts that need it are
/// then not checked, and ``RouterFact/check(on:)`` says so.
package struct RouterBench: Sendable {
    /// With right names and right credentials, for `instances.count` instances.
    package var driver: any RouterDriver
    /// Shares in basis points that the router can hold exactly; begins and ends with 0.
    package var shares: [Int]
    /// One call's limit. Ample for a real program, some hundred milliseconds for a fake that hangs on purpose.
    package var timeoutMs: Int64
    /// What the router itself holds for an instance, read in another way than the driver's. Basis points.
    package var held: @Sendable (_ instance: Int) async throws -> Int
    /// Another client sets an instance's share.
    package var tamper: (@Sendable (_ instance: Int, _ basisPoints: Int) async throws -> Void)?
    /// From now on the instance behaves like this; the facts end with `.well`.
    package var setMood: (@Sendable (_ instance: Int, RouterMood) async throws -> Void)?
    /// The moods that `setMood` can bring about.
    package var moods: [RouterMood]
    /// The instance is stopped and started with the configuration it was shipped with.
    package var restart: (@Sendable (_ instance: Int) async throws -> Void)?
    /// What the shipped configuration gives the canary. Basis points.
    package var shippedBasisPoints: Int
    /// The same router spoken to under a name that it does not have: a backend, map, key, service…
    package var misnamed: [any RouterDriver]
    /// The same router spoken to with a token, password or socket that has no right to change anything.
    package var unauthorized: [any RouterDriver]
    /// Every pair of weights (baseline, canary) that the router has held so far; nil where that is not recorded.
    package var history: (@Sendable () async -> [(baseline: Int, canary: Int)])?
    /// Texts that must not come out of the driver, whatever happens.
    package var secrets: [String]

    package init(
        driver: any RouterDriver, shares: [Int] = [0, 1_000, 5_000, 0], timeoutMs: Int64 = 5_000,
        shippedBasisPoints: Int = 1_000, held: @escaping @Sendable (_ instance: Int) async throws -> Int
    ) {
        self.driver = driver
        self.shares = shares
        self.timeoutMs = timeoutMs
        self.shippedBasisPoints = shippedBasisPoints
        self.held = held
        moods = []
        misnamed = []
        unauthorized = []
        secrets = []
    }
}

/// How an instance behaves.
package enum RouterMood: String, Sendable, CaseIterable {
    case well
    /// No connection can be made.
    case refused
    /// Takes the call and never answers.
    case hangs
    /// Makes the change, and the answer is lost on the way.
    case losesAnswers
    /// Answers that it does not want to: a 4xx, "Permission denied".
    case declines
    /// Answers that it is broken: a 5xx.
    case fails
    /// Answers something that is no answer.
    case rubbish
    /// Says yes to a change and does not do it.
    case lies
    /// Takes the change and shows the state from before it when it is read.
    case stale
    /// Another client changes the split between every read and the write after it.
    case contested
    /// Has no healthy server in the baseline.
    case baselineDown
}
