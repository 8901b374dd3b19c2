import NIOHTTP1
import ReferenceRouter

/// A running router with two stub servers behind it, which answer with their names and what they were asked.
struct TestRouter {
    let folder: TemporaryFolder
    let router: GrayRouter
    let data: String
    let admin: String

    static func start(
        baseline: [String], canary: [String], canaryBasisPoints: Int = 0,
        strategy: GrayRouterConfiguration.Strategy = .userHash(header: "X-User-Id", cookie: nil),
        folder: TemporaryFolder? = nil, change: (inout GrayRouterConfiguration) -> Void = { _ in }
    ) async throws -> TestRouter {
        let folder = try folder ?? TemporaryFolder()
        var configuration = GrayRouterConfiguration(
            stateFile: folder.file("split.json"), baseline: baseline, canary: canary, strategy: strategy,
            initialCanaryBasisPoints: canaryBasisPoints)
        // Every request of the tests names this host, as a client's does.
        configuration.adminNames = ["shop.example"]
        change(&configuration)
        let router = try GrayRouter(configuration: configuration)
        let addresses = try await router.start()
        return TestRouter(folder: folder, router: router, data: addresses.data, admin: addresses.admin)
    }

    func stop() async { await router.stop() }

    func setSplit(_ basisPoints: Int, headers: [String] = []) async throws -> Reply {
        try await Reply.to(
            "PUT", "/api/v1/split", at: admin, headers: headers, body: "{\"canary_basis_points\":\(basisPoints)}")
    }
}

/// Runs a body with a router over one stub server per version, and stops all three, also when the body throws.
func withRouter(
    canaryBasisPoints: Int = 0,
    strategy: GrayRouterConfiguration.Strategy = .userHash(header: "X-User-Id", cookie: nil),
    change: (inout GrayRouterConfiguration) -> Void = { _ in },
    onHead: @escaping @Sendable (HTTPRequestHead) -> StubAnswer? = { _ in nil },
    reads: Bool = true,
    answer: @escaping @Sendable (StubRequest) -> StubAnswer = { .ok($0.line) },
    _ body: (TestRouter, _ baseline: StubServer, _ canary: StubServer) async throws -> Void
) async throws {
    let baseline = try await StubServer.start(reads: reads, onHead: onHead, answer: answer)
    let canary = try await StubServer.start(reads: reads, onHead: onHead, answer: answer)
    let router = try await TestRouter.start(
        baseline: [baseline.address], canary: [canary.address], canaryBasisPoints: canaryBasisPoints,
        strategy: strategy, change: change)
    do {
        try await body(router, baseline, canary)
    } catch {
        await stopAll(router, baseline, canary)
        throw error
    }
    await stopAll(router, baseline, canary)
}

private func stopAll(_ router: TestRouter, _ baseline: StubServer, _ canary: StubServer) async {
    await baseline.stop()
    await canary.stop()
    await router.stop()
}
