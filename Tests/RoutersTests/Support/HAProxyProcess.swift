import Foundation
import NIOCore
import NIOPosix

/// A real HAProxy in a folder of its own. Traffic goes over unix sockets, so that no other program can take a port.
final class HAProxyProcess: Sendable {
    static let path = "/usr/sbin/haproxy"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: path) }
    static let advice = "needs HAProxy: apt-get install -y --no-install-recommends haproxy"

    let folder: String
    private let process: Process

    var adminSocket: String { folder + "/admin.sock" }
    var operatorSocket: String { folder + "/operator.sock" }
    var userSocket: String { folder + "/user.sock" }
    var mapFile: String { folder + "/split.map" }

    private init(folder: String, process: Process) {
        self.folder = folder
        self.process = process
    }

    /// One server of the backend `be`.
    struct Server: Sendable {
        var name: String
        var weight = 100
        var options = ""
    }

    /// Runs HAProxy while the work lasts.
    ///
    /// - Parameters:
    ///   - backend: lines for the backend, such as `cookie SRV insert indirect`.
    ///   - globals: lines for `global`, such as another stats socket.
    static func run(
        servers: [Server], backend: [String] = ["balance roundrobin"], globals: [String] = [],
        frontend: String = "front",
        _ work: (HAProxyProcess) async throws -> Void
    ) async throws {
        let folder = "/tmp/rg-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let text = configuration(
            folder: folder, servers: servers, backend: backend, globals: globals, frontend: frontend)
        try text.write(toFile: folder + "/haproxy.cfg", atomically: true, encoding: .utf8)
        try "app 10\nother 33\nodd 150\ntester 0\n".write(
            toFile: folder + "/split.map", atomically: true, encoding: .utf8)
        let haproxy = HAProxyProcess(folder: folder, process: Process())
        try haproxy.start()
        defer { haproxy.kill() }
        try await haproxy.waitUntilReady()
        try await work(haproxy)
    }

    /// Ends at once; what it held is gone.
    func kill() {
        guard process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilEnded()
    }

    private func start() throws {
        process.executableURL = URL(fileURLWithPath: HAProxyProcess.path)
        process.arguments = ["-db", "-f", folder + "/haproxy.cfg"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        _ = FileManager.default.createFile(atPath: folder + "/log", contents: nil)
        process.standardError = FileHandle(forWritingAtPath: folder + "/log") ?? FileHandle.nullDevice
        try process.run()
    }

    private func waitUntilReady() async throws {
        for _ in 0..<500 {
            if (try? await ask("show version")) != nil { return }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        let log = (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""
        throw NotReady(log: log)
    }

    struct NotReady: Error {
        let log: String
    }

    private static func configuration(
        folder: String, servers: [Server], backend: [String], globals: [String], frontend: String
    ) -> String {
        var lines = ["global"]
        lines += ["admin", "operator", "user"].map { "stats socket \(folder)/\($0).sock mode 600 level \($0)" }
        lines += globals
        lines += ["defaults", "mode http", "timeout connect 2s", "timeout client 5s", "timeout server 5s"]
        lines +=
            ["frontend \(frontend)", "bind unix@\(folder)/front.sock", "default_backend be", "backend be"] + backend
        lines += servers.map { "server \($0.name) unix@\(folder)/\($0.name).sock weight \($0.weight) \($0.options)" }
        for server in servers {
            lines += ["listen listen_\(server.name)", "bind unix@\(folder)/\(server.name).sock"]
            lines += ["http-request return status 200 content-type text/plain string \(server.name)"]
        }
        lines += [
            "frontend mapped", "bind unix@\(folder)/mapped.sock",
            "http-request set-var(txn.pct) str(app),map_str_int(\(folder)/split.map,0)",
            "acl canary rand(100),sub(txn.pct) lt 0",
            "http-request set-var(txn.test) str(tester),map_str_int(\(folder)/split.map,0)",
            "acl tester req.cook(canary) -m str yes",
            "acl test_canary var(txn.test) -m int 1", "acl test_baseline var(txn.test) -m int 2",
            "http-request return status 200 content-type text/plain string canary if tester test_canary",
            "http-request return status 200 content-type text/plain string baseline if tester test_baseline",
            "http-request return status 200 content-type text/plain string canary if canary",
            "http-request return status 200 content-type text/plain string baseline",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: Talking to it

    /// The operator's way to the runtime socket, not the driver's.
    @discardableResult
    func ask(_ command: String) async throws -> String {
        try await RawClient.exchange(socket: adminSocket, command + "\n")
    }

    /// How many of `count` requests each server answered; one request per connection.
    func traffic(_ count: Int, socket: String = "front.sock", cookie: String? = nil) async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for _ in 0..<count {
            let answer = try await get(socket: socket, cookie: cookie)
            counts[answer.body, default: 0] += 1
        }
        return counts
    }

    func get(socket: String = "front.sock", cookie: String? = nil) async throws -> (head: String, body: String) {
        let header = cookie.map { "Cookie: \($0)\r\n" } ?? ""
        let answer = try await RawClient.exchange(
            socket: folder + "/" + socket, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(header)\r\n")
        let parts = answer.components(separatedBy: "\r\n\r\n")
        return (parts.first ?? "", parts.dropFirst().joined(separator: "\r\n\r\n"))
    }
}

/// Sends a text over a unix socket and reads until the other side closes.
enum RawClient {
    static func exchange(socket: String, _ text: String) async throws -> String {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = loop.makePromise(of: String.self)
        do {
            let channel = try await ClientBootstrap(group: loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Collector(answer: answer))
                    }
                }
                .connect(unixDomainSocketPath: socket).get()
            try await channel.writeAndFlush(ByteBuffer(string: text)).get()
        } catch {
            answer.fail(error)
        }
        return try await answer.futureResult.get()
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let answer: EventLoopPromise<String>
        private var received = ByteBuffer()

        init(answer: EventLoopPromise<String>) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var part = unwrapInboundIn(data)
            received.writeBuffer(&part)
        }

        func channelInactive(context: ChannelHandlerContext) { answer.succeed(String(buffer: received)) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            answer.fail(error)
            context.close(promise: nil)
        }
    }
}
