import ArgumentParser
import DemoWorld
import Glibc
import Logging
import NIOCore

/// A small service to try things with: what the tutorials put behind a real router.
struct ServiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "service",
        abstract: "Run one version of a small web service with metrics, to try a router with.",
        discussion: """
            It answers every path with its version (also in the header X-Demo-Version),
            shows Prometheus metrics on /metrics, and can be broken on purpose:

              rollguard service v2 --listen 127.0.0.1:8082
              curl -X POST 'http://127.0.0.1:8082/fault?errors=0.5'
              curl -X POST 'http://127.0.0.1:8082/fault?latency=400&share=0.1'
              curl -X POST 'http://127.0.0.1:8082/fault?none'
            """)

    @Argument(help: "The version that it says it is.")
    var serviceVersion: String

    @Option(help: "127.0.0.1:PORT; it listens on this machine alone.")
    var listen: String

    /// What the system says, without the call of the library.
    private static func reason(_ error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        return String(cString: strerror(error.errnoCode))
    }

    func run() async throws {
        let parts = listen.split(separator: ":")
        guard parts.count == 2, parts[0] == "127.0.0.1", let port = Int(parts[1]), (0...65_535).contains(port) else {
            throw Failure.usage("error: --listen '\(listen)' is not 127.0.0.1:PORT")
        }
        let service = DemoService(version: serviceVersion, instance: listen, fault: .none, seed: 1)
        let (version, listen) = (serviceVersion, listen)
        // The signals are handled before anybody learns that the service is there.
        let interrupted = try await Interruption.watch {
            let address: String
            do { address = try await service.start(port: port) } catch {
                throw Failure.unreachable("error: cannot listen on \(listen): \(Self.reason(error))")
            }
            DaemonLog.make(level: .info).info("\(version) listens on \(address)")
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
            await service.stop()
        }
        if let interrupted { throw interrupted }
    }
}
