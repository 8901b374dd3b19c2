import API
import Logging
import Model
import Ports
import ServiceLifecycle
import Synchronization

/// A console that really listens, on a port of the system's choice.
struct LiveConsole: Sendable {
    let port: Int
    let operations: ScriptedOperations
    let shutDown: @Sendable () async -> Void

    /// Runs the test against it and stops it afterwards, also when the test throws.
    ///
    /// - Parameter allowsLoopbackChanges: unless said, as if configured so where there is no token.
    @discardableResult
    static func run<Outcome: Sendable>(
        _ script: ScriptedOperations.Script = .init(), host: String = "127.0.0.1", port: Int = 0,
        token: SecretReference? = nil, tokens: [TokenPlan] = [], changes allowsLoopbackChanges: Bool? = nil,
        socketPath: String? = nil,
        secrets: any SecretStore = OneSecret(), logger: Logger = LiveConsole.silent,
        _ test: @escaping @Sendable (LiveConsole) async throws -> Outcome
    ) async throws -> Outcome {
        let operations = ScriptedOperations(script)
        let (bound, announce) = AsyncStream.makeStream(of: Int.self)
        let server = ConsoleServer(
            operations: operations,
            listen: ListenPlan(
                host: host, port: port, token: token, tokens: tokens,
                allowsLoopbackChanges: allowsLoopbackChanges ?? (token == nil && tokens.isEmpty)),
            socketPath: socketPath, secrets: secrets, version: "1.2.3", logger: logger,
            onBound: { _, port in announce.yield(port) })
        let group = ServiceGroup(services: [server], logger: silent)
        let running = Task {
            defer { announce.finish() }
            try await group.run()
        }
        var found: Int?
        for await port in bound.prefix(1) { found = port }
        guard let found else {
            try await running.value
            throw RawConnection.Failure(what: "the console ended before it listened")
        }
        let console = LiveConsole(
            port: found, operations: operations,
            shutDown: {
                await group.triggerGracefulShutdown()
                _ = await running.result
            })
        do {
            let outcome = try await test(console)
            await console.shutDown()
            return outcome
        } catch {
            await console.shutDown()
            throw error
        }
    }

    static let silent = Logger(label: "console", factory: { _ in SwiftLogNoOpLogHandler() })

    func get(_ path: String, headers: [String] = []) async throws -> Reply {
        try await send("GET", path, headers: headers)
    }

    func post(_ path: String, _ body: String, headers: [String] = []) async throws -> Reply {
        try await send("POST", path, headers: headers + ["Content-Length: \(body.utf8.count)"], body: body)
    }

    /// The begin of an endless answer, up to the text.
    func stream(_ path: String, until text: String) async throws -> Reply {
        let connection = try RawConnection(port: port)
        await connection.send("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n")
        return try await connection.reply(until: text)
    }

    /// A `Host` is added unless the headers have one.
    func send(_ method: String, _ path: String, headers: [String] = [], body: String = "") async throws -> Reply {
        let hasHost = headers.contains { $0.lowercased().hasPrefix("host:") }
        let lines = ["\(method) \(path) HTTP/1.1"] + (hasHost ? [] : ["Host: 127.0.0.1:\(port)"]) + headers
        let connection = try RawConnection(port: port)
        await connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
        return try await connection.reply(hasBody: method != "HEAD")
    }
}
