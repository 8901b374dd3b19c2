import DemoWorld
import Foundation
import Testing

/// The ready configurations of docs/routers on the real programs: who gets the new version, and who when the share grows.
/// A larger share is one call of an operator's; the way to nothing is the daemon's own.
@Suite("Ready configurations", .enabled(if: Programs.rollguard != nil, "rollguard was not built beside the tests"))
struct SeedTests {
    static let haproxy = LiveRouter(
        name: "haproxy", variant: "three ways", programs: ["haproxy"],
        files: shipped(["haproxy-seeds.cfg", "split.map", "regions.map"]), start: ["haproxy -db -f haproxy-seeds.cfg"],
        entries: [8080, 8083, 8084], ports: [9999],
        rollguard: """
            router:
              kind: haproxy
              socket: 127.0.0.1:9999
              map: {file: split.map, keys: [user, region, random]}
            """)

    static let nginx = LiveRouter(
        name: "nginx", variant: "three ways", programs: ["nginx"], files: shipped(["nginx-seeds.conf", "split.conf"]),
        start: ["nginx -p . -e stderr -c nginx-seeds.conf"], entries: [8080, 8083, 8084],
        rollguard: """
            router:
              kind: nginx
              include: split.conf
              command: [/usr/sbin/nginx, -p, ., -e, stderr, -c, nginx-seeds.conf]
              state_url: http://127.0.0.1:8080/.rollguard/checkout
              split:
                choices: [{variable: $by_user, key: $http_x_user_id}, {variable: $at_random, key: $request_id}]
                baseline: old
                canary: new
            """)

    private static func shipped(_ names: [String]) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: names.map { name in
                let path = Programs.root.path + "/docs/routers/" + name
                return (name, (try? String(contentsOfFile: path, encoding: .utf8)) ?? "")
            })
    }

    @Test(.timeLimit(.minutes(15)), arguments: [haproxy, nginx])
    func chooseAsTheySay(_ router: LiveRouter) async throws {
        guard router.missing.isEmpty else {
            try Test.cancel("not installed: \(router.missing.joined(separator: ", ")); see scripts/setup.sh")
        }
        try await FewAtOnce.shared.run {
            let scene = try await Scene(router)
            do {
                try await scene.startRouter()
                try await SeedRun(scene: scene).perform()
            } catch {
                await scene.stop()
                throw error
            }
            await scene.stop()
        }
    }
}

/// Counts users, regions and chance at 10 %, 30 % and 0 %.
private struct SeedRun {
    let scene: Scene

    func perform() async throws {
        let ten = try await users()
        // Six standard deviations of 400 users at 10 % are 36.
        #expect((4...76).contains(ten.count), "\(ten.count) of 400 users")
        #expect(try await users() == ten, "the same users see the same version")
        #expect(try await answers(entry: 8080, headers: [:], 40) == ["v1": 40], "no user without an id")
        try await checkRegions()
        let chance = try await answers(entry: 8084, headers: [:], 400)
        #expect((4...76).contains(chance["v2", default: 0]), "\(chance)")

        try await set(30)
        let thirty = try await users()
        #expect((66...174).contains(thirty.count), "\(thirty.count) of 400 users")
        #expect(ten.isSubset(of: thirty), "a larger share takes the new version from no user")

        try await rollBackByTheDaemon()
        #expect(try await users().isEmpty)
        #expect(try await answers(entry: 8083, headers: ["X-Forwarded-For": "203.0.113.9"], 100) == ["v1": 100])
        #expect(try await answers(entry: 8084, headers: [:], 100) == ["v1": 100])
    }

    private func checkRegions() async throws {
        for (address, takesPart) in [
            ("203.0.113.9", true), ("198.51.100.9", true), ("192.0.2.9", false), ("8.8.8.8", false),
        ] {
            let counts = try await answers(entry: 8083, headers: ["X-Forwarded-For": address], 200)
            let canary = counts["v2", default: 0]
            // At 10 %, no request of 200 at the new version has a chance of 10^-9.
            #expect(takesPart ? (1...50).contains(canary) : canary == 0, "\(address): \(counts)")
        }
    }

    /// Which of 400 users get the new version.
    private func users() async throws -> Set<Int> {
        let answers = try await withThrowingTaskGroup(of: [(Int, String)].self) { group in
            for part in 0..<8 {
                group.addTask {
                    var found: [(Int, String)] = []
                    for user in stride(from: part, to: 400, by: 8) {
                        found.append((user, try await version(8080, ["X-User-Id": "user-\(user)"])))
                    }
                    return found
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return Set(answers.filter { $0.1 == "v2" }.map(\.0))
    }

    private func answers(entry: Int, headers: [String: String], _ count: Int) async throws -> [String: Int] {
        try await withThrowingTaskGroup(of: [String: Int].self) { group in
            for part in 0..<8 {
                group.addTask {
                    var counts: [String: Int] = [:]
                    for _ in stride(from: part, to: count, by: 8) {
                        counts[try await version(entry, headers), default: 0] += 1
                    }
                    return counts
                }
            }
            return try await group.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        }
    }

    /// `ok from v1 old` is the service's answer.
    private func version(_ entry: Int, _ headers: [String: String]) async throws -> String {
        let url = URL(string: "http://127.0.0.1:\(scene.ports[entry])/")!
        let text = try await HTTP.get(url, headers: headers).text
        return text.split(separator: " ").dropFirst(2).first.map(String.init) ?? text
    }

    /// What a promotion by hand is: one call.
    private func set(_ percent: Int) async throws {
        switch scene.router.name {
        case "haproxy":
            let commands = ["user", "region", "random"].map { "set map split.map \($0) \(percent)" }
            _ = try await scene.run(
                "bash -c 'exec 3<>/dev/tcp/127.0.0.1/9999; echo \"\(commands.joined(separator: ";"))\" >&3; cat <&3'")
        default:
            _ = try await scene.run("sed -i 's/10%/\(percent)%/; s/1000/\(percent * 100)/' split.conf")
            _ = try await scene.run("nginx -p . -e stderr -c nginx-seeds.conf -s reload")
            let url = URL(string: "http://127.0.0.1:\(scene.ports[8080])/.rollguard/checkout")!
            #expect(await eventually { try await HTTP.get(url).text.contains("\(percent * 100)") })
        }
    }

    /// The rollback is the product's own: the daemon, asked by the command line.
    private func rollBackByTheDaemon() async throws {
        try await scene.startDaemon()
        let isWatched = await eventually { scene.daemonText.contains("checkout: watching") }
        #expect(isWatched, "\(scene.daemonText)")
        let output = try await scene.run("rollguard rollback checkout --reason test --address http://127.0.0.1:9411")
        #expect(output.contains("acknowledged"), "\(output)\n\(scene.daemonText)\n\(scene.routerText)")
    }
}
