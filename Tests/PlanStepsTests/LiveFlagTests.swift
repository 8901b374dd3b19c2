import Foundation
import Glibc
import HTTPClient
import Model
import Ports
import Synchronization
import Testing

@testable import PlanSteps

/// With the real servers: written, read back, and what was there before.
@Suite("Flags in real stores", .serialized)
struct LiveFlagTests {
    private static let password = Authorization.basic(user: "", password: .environment("PASSWORD"))

    @Test(.enabled(if: RealProgram.has("/usr/bin/etcd"))) func aKeyInEtcd() async throws {
        let server = try await RealProgram { folder, port in
            [
                "/usr/bin/etcd", "--data-dir", folder + "/data", "--listen-client-urls", "http://127.0.0.1:\(port)",
                "--advertise-client-urls", "http://127.0.0.1:\(port)", "--listen-peer-urls", "http://127.0.0.1:0",
                "--log-level", "error",
            ]
        }
        let work = FlagWork(provider: .etcd, flag: "flags/new", variant: "off", url: "http://127.0.0.1:\(server.port)")
        let transport = CurlTransport(userAgent: "test", secrets: OneSecret())
        let driver = FlagStepDriver(calls: StepRequests(transport: transport))
        // Both are an answer of a server that is up: there is no such key.
        #expect(await answers { await driver.check(work, StepCall.ofFlag(work)).name == "notProved" })
        #expect(await driver.run(work, StepCall.ofFlag(work)).name == "refused")
        let put = StepRequest(
            url: work.url! + "/v3/kv/put", body: #"{"key":"ZmxhZ3MvbmV3","value":"b24="}"#)
        _ = await StepRequests(transport: transport).change(put, key: "k", timeoutMs: 5_000)
        await expectTheWholeWay(driver, work)
        // Another client writes between the reading and the comparison.
        let disturbed = Mutex(false)
        let busy = BetweenTransport(transport) {
            guard $0.url.hasSuffix("/txn"),
                disturbed.withLock({
                    let was = $0; $0 = true; return !was
                })
            else { return }
            _ = await StepRequests(transport: transport).change(put, key: "k", timeoutMs: 5_000)
        }
        let other = FlagStepDriver(calls: StepRequests(transport: busy))
        #expect(await other.run(work, StepCall.ofFlag(work)).name == "done")
        #expect(busy.count(ending: "/txn") == 2)
        #expect(await driver.check(work, StepCall.ofFlag(work)).name == "proved")
        await server.stop()
    }

    @Test(.enabled(if: RealProgram.has("/usr/bin/redis-server")), arguments: [false, true])
    func aKeyInRedis(_ hasPassword: Bool) async throws {
        let server = try await RealProgram { _, port in
            ["/usr/bin/redis-server", "--bind", "127.0.0.1", "--port", "\(port)", "--save", ""]
                + (hasPassword ? ["--requirepass", "s3cret"] : [])
        }
        var work = FlagWork(provider: .redis, flag: "flags:new", variant: "off")
        work.address = "127.0.0.1:\(server.port)"
        if hasPassword { work.security.authorization = Self.password }
        let transport = ScriptedTransport { _ in .failure(.closed) }
        let driver = FlagStepDriver(calls: StepRequests(transport: transport), secrets: OneSecret())
        #expect(await answers { await driver.check(work, StepCall.ofFlag(work)).name == "notProved" })
        #expect(await driver.run(work, StepCall.ofFlag(work)).name == "refused")
        let login = hasPassword ? ["-a", "s3cret", "--no-auth-warning"] : []
        await RealProgram.run(["/usr/bin/redis-cli", "-p", "\(server.port)"] + login + ["set", "flags:new", "on"])
        await expectTheWholeWay(driver, work)
        if hasPassword {
            work.security = ClientSecurity()
            let answer = await driver.run(work, StepCall.ofFlag(work))
            #expect(answer.name == "refused" && answer.text.contains("NOAUTH"), "\(answer)")
        }
        await RealProgram.run(["/usr/bin/redis-cli", "-p", "\(server.port)"] + login + ["del", "flags:new"])
        await RealProgram.run(["/usr/bin/redis-cli", "-p", "\(server.port)"] + login + ["lpush", "flags:new", "x"])
        if !hasPassword { #expect(await driver.check(work, StepCall.ofFlag(work)).text.contains("WRONGTYPE")) }
        await server.stop()
    }

    @Test func aServerThatIsAwayIsSaidToBe() async throws {
        var work = FlagWork(provider: .redis, flag: "flags:new", variant: "off")
        work.address = "127.0.0.1:\(try FreePort.take())"
        let driver = FlagStepDriver(calls: StepRequests(transport: ScriptedTransport { _ in .failure(.closed) }))
        #expect(await driver.run(work, StepCall.ofFlag(work)).name == "failed")
        #expect(await driver.check(work, StepCall.ofFlag(work)).name == "unreadable")
    }

    @Test(.enabled(if: RealProgram.expectsPrograms || RealProgram.postgres != nil && RealProgram.has("/usr/bin/psql")))
    func aRowInPostgreSQL() async throws {
        let programs = try #require(RealProgram.postgres)
        let user = geteuid() == 0 ? ["/usr/sbin/runuser", "-u", "postgres", "--"] : []
        let server = try await RealProgram { folder, port in
            let made = await RealProgram.run(
                user + [programs + "/initdb", "-D", folder + "/data", "-A", "trust", "-U", "postgres", "--no-sync"])
            #expect(made.status == 0, "\(made.output)")
            return user + [
                programs + "/postgres", "-D", folder + "/data", "-p", "\(port)", "-c", "listen_addresses=127.0.0.1",
                "-c", "unix_socket_directories=", "-c", "fsync=off",
            ]
        }
        let file = server.folder + "/pg.env"
        try "PGHOST=127.0.0.1\nPGPORT=\(server.port)\nPGUSER=postgres\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        var work = FlagWork(provider: .postgresql, flag: "it's new", variant: "off")
        work.statements = FlagStatements(
            environmentFile: file, write: "update flags set variant = {variant} where name = {flag}",
            read: "select variant from flags where name = {flag}")
        let driver = FlagStepDriver(calls: StepRequests(transport: ScriptedTransport { _ in .failure(.closed) }))
        let address = "postgresql://postgres@127.0.0.1:\(server.port)/postgres"
        func sql(_ text: String) async -> Int32 {
            await RealProgram.run(["/usr/bin/psql", "-q", address, "-c", text]).status
        }
        #expect(
            await answers { await sql("create table if not exists flags (name text primary key, variant text)") == 0 })
        #expect(await driver.run(work, StepCall.ofFlag(work)).name == "refused")
        #expect(await sql("insert into flags values ('it''s new', 'on')") == 0)
        await expectTheWholeWay(driver, work)
        var broken = work
        broken.statements?.write = "update missing set variant = {variant}"
        let answer = await driver.run(broken, StepCall.ofFlag(broken))
        #expect(answer.name == "failed" && answer.text.contains("does not exist"), "\(answer)")
        await server.stop()
    }

    /// On before, off after, and off again when it is repeated; then written back.
    private func expectTheWholeWay(_ driver: FlagStepDriver, _ work: FlagWork) async {
        let call = StepCall.ofFlag(work)
        #expect(await driver.check(work, call).name == "notProved")
        let first = await driver.run(work, call)
        #expect(first.name == "done" && StepReceipt.before(in: first.text) == "on", "\(first)")
        #expect(await driver.check(work, call).name == "proved")
        let second = await driver.run(work, call)
        #expect(second.name == "done" && StepReceipt.before(in: second.text) == nil, "\(second)")
        var back = work
        back.variant = StepReceipt.before(in: first.text) ?? ""
        #expect(await driver.run(back, call).name == "done")
        #expect(await driver.check(back, call).name == "proved")
    }

    private func answers(_ holds: () async -> Bool) async -> Bool {
        for _ in 0..<1_000 {
            if await holds() { return true }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return false
    }
}

/// Does something before a request is sent.
private final class BetweenTransport: HTTPTransport {
    private let inner: any HTTPTransport
    private let between: @Sendable (HTTPRequest) async -> Void
    private let urls = Mutex<[String]>([])

    init(_ inner: any HTTPTransport, _ between: @escaping @Sendable (HTTPRequest) async -> Void) {
        (self.inner, self.between) = (inner, between)
    }

    func count(ending: String) -> Int { urls.withLock { $0.count { $0.hasSuffix(ending) } } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        urls.withLock { $0.append(request.url) }
        await between(request)
        return try await inner.send(request)
    }
}
