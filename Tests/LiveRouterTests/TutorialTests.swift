import Foundation
import Testing

/// Each tutorial, followed to the letter: its services, its router, its count, its load and its fault.
@Suite("Tutorials", .enabled(if: Programs.rollguard != nil, "rollguard was not built beside the tests"))
struct TutorialTests {
    private static let pages: [(name: String, router: LiveRouter)] = [
        ("haproxy", .haproxyWeights), ("nginx", .nginxSplit), ("caddy", .caddyWeights), ("envoy", .envoyRuntime),
        ("traefik", .traefikFile), ("etcd", .etcdKey),
    ]

    @Test(.timeLimit(.minutes(15)), arguments: pages.map(\.name))
    func aTutorialDoesWhatItSays(_ name: String) async throws {
        let router = try #require(Self.pages.first { $0.name == name }?.router)
        try #require(router.pageProblems.isEmpty, "\(router.pageProblems)")
        guard router.missing.isEmpty else {
            try Test.cancel("not installed: \(router.missing.joined(separator: ", ")); see scripts/setup.sh")
        }
        try await FewAtOnce.shared.run {
            let walk = try await LayoutWalk(page: TutorialPage(name), router: router)
            do { try await walk.follow() } catch {
                await walk.stop()
                throw error
            }
            await walk.stop()
        }
    }
}

/// A reader with four terminals.
private final class LayoutWalk: @unchecked Sendable {
    // @unchecked: driven from its test's task alone.
    private let page: TutorialPage
    private let scene: Scene
    private var terminals: [ChildProcess] = []

    init(page: TutorialPage, router: LiveRouter) async throws {
        self.page = page
        scene = try await Scene(router, startsServices: false)
    }

    func follow() async throws {
        try await startServices()
        try await scene.startRouter()
        let count = try #require(try page.commands("count").first)
        let before = try await scene.run(count.command)
        #expect(PageOutput.matches(before, count.output ?? ""), "\(before)\n\(scene.routerText)")
        try await scene.startDaemon()
        let isWatched = await eventually { self.scene.daemonText.contains("checkout: watching") }
        try #require(isWatched, "\(scene.daemonText)\n\(scene.routerText)")
        try await breakTheNewVersion()
        let after = try await scene.run(count.command)
        #expect(PageOutput.matches(after, "v1 500, no answer 0"), "\(after)\n\(scene.routerText)")
    }

    private func startServices() async throws {
        let lines = try page.commands("services").flatMap { $0.command.split(separator: "\n").map(String.init) }
        for (index, line) in lines.enumerated() {
            try #require(line.hasSuffix(" &"), "\(line) would not end")
            terminals.append(try scene.process(String(line.dropLast(2)), log: "service-\(index).log"))
        }
        for port in [8081, 8082] {
            let url = try #require(URL(string: "http://127.0.0.1:\(scene.ports[port])/"))
            try #require(await eventually { try await HTTP.get(url).status == 200 }, "no server listens on \(port)")
        }
    }

    private func breakTheNewVersion() async throws {
        let load = try scene.process(try #require(try page.commands("load").first?.command), log: "load.log")
        terminals.append(load)
        let fault = try #require(try page.commands("fault").first)
        let said = try await scene.run(fault.command)
        #expect(PageOutput.matches(said, fault.output ?? ""), "\(said)")
        let isOut = await eventually { self.scene.daemonText.contains("checkout: rolled back: rolled back to v1") }
        #expect(isOut, "\(scene.daemonText)\n\(scene.routerText)")
        #expect(PageOutput.contains(scene.daemonText, scene.adapt(page.log ?? "")), "\(scene.daemonText)")
        await load.stop(SIGINT)
        #expect(load.text.contains("v1 ") && load.text.contains(" failed)"), "\(load.text)")
        #expect(load.text.contains("no answer 0"), "\(load.text)")
    }

    func stop() async {
        for terminal in terminals.reversed() { await terminal.stop() }
        await scene.stop()
    }
}
