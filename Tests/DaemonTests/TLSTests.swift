import Foundation
import Testing

/// `listen.tls`, with the real executable as the daemon and as the command line.
@Suite(
    "The API over TLS", .serialized,
    .enabled(if: Executable.path != nil && RealProgram.path("openssl") != nil, "needs the executable and openssl"))
struct TLSTests {
    /// A daemon with TLS and a token; `cert.pem` is its certificate, for `localhost`.
    private struct Served {
        let world: LiveWorld
        let daemon: Executable
        let port: String
        var address: String { "https://localhost:\(port)" }

        func path(_ name: String) -> String { world.folder.appendingPathComponent(name).path }

        func run(_ arguments: [String]) async throws -> (status: Int32?, text: String) {
            let command = try Executable(arguments, folder: world.folder)
            let end = await command.end()
            return (end?.status, command.text)
        }

        func stop() async {
            await daemon.kill9()
            await world.stop()
        }
    }

    private static func serve() async throws -> Served {
        let world = try await LiveWorld.start()
        try await selfSigned("cert", in: world.folder)
        try Data("s3cret\n".utf8).write(to: world.folder.appendingPathComponent("token"))
        try configure(
            world, #"{address: "127.0.0.1:0", token_file: token, tls: {cert_file: cert.pem, key_file: cert.key}}"#)
        let daemon = try Executable(["run", "--config", world.configurationPath], folder: world.folder)
        var port = ""
        let isReady = await eventually {
            guard let match = daemon.text.firstMatch(of: /the API listens on [0-9.]+:([0-9]+)/) else { return false }
            port = String(match.1)
            return daemon.text.contains("checkout: watching")
        }
        #expect(isReady, "\(daemon.text)")
        return Served(world: world, daemon: daemon, port: port)
    }

    private static func configure(_ world: LiveWorld, _ listen: String) throws {
        let text = try String(contentsOfFile: world.configurationPath, encoding: .utf8)
        try text.replacingOccurrences(of: "listen: 127.0.0.1:0", with: "listen: " + listen)
            .write(toFile: world.configurationPath, atomically: true, encoding: .utf8)
    }

    private static func selfSigned(_ name: String, in folder: URL) async throws {
        let command = try Executable(
            program: RealProgram.path("openssl"),
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
                + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
                + ["-keyout", folder.path + "/\(name).key", "-out", folder.path + "/\(name).pem"], folder: folder)
        #expect(await command.end()?.status == 0, "\(command.text)")
    }

    @Test func everyCommandThatTalksToTheDaemonSpeaksTLS() async throws {
        let served = try await Self.serve()
        let trusted = ["--address", served.address, "--ca-file", served.path("cert.pem")]
        let withToken = trusted + ["--token-file", served.path("token")]
        for arguments in [
            ["status"] + trusted, ["deliveries", "list"] + trusted,
            ["rollback", "checkout", "--reason", "test"] + withToken, ["why"] + trusted,
            ["rearm", "checkout", "--reason", "test"] + withToken,
            // The daemon's own user needs neither certificate nor token: the unix socket has no TLS.
            ["status", "--config", served.world.configurationPath],
            ["status", "--socket", served.world.statePath + "/rollguard.sock"],
        ] {
            let done = try await served.run(arguments)
            #expect(done.status == 0, "\(arguments): \(done.text)\n\(served.daemon.text)")
        }
        let refused = try await served.run(["rearm", "checkout", "--reason", "test"] + trusted)
        #expect(refused.status == 1 && refused.text.contains("needs a token"), "\(refused.text)")
        #expect(!served.daemon.text.contains("without TLS"))
        await served.stop()
    }

    @Test func clientsThatDoNotTrustTheCertificateOrSpeakNoTLSGetAnExplanation() async throws {
        let served = try await Self.serve()
        try await Self.selfSigned("stranger", in: served.world.folder)
        for (arguments, hint) in [
            (["--address", served.address], "--ca-file"),
            (["--address", served.address, "--ca-file", served.path("stranger.pem")], "--ca-file"),
            (["--address", "https://127.0.0.1:\(served.port)", "--ca-file", served.path("cert.pem")], "a name that"),
            (["--address", "http://localhost:\(served.port)"], "https://"),
        ] {
            let failed = try await served.run(["status"] + arguments)
            #expect(failed.status == 3 && failed.text.contains(hint), "\(arguments): \(failed.text)")
        }
        await served.stop()
    }

    /// As certbot does it: the files are replaced, then SIGHUP is sent.
    @Test func aHangupTakesTheRenewedCertificateAndKeepsTheOldOneWhenThatIsBroken() async throws {
        let served = try await Self.serve()
        let files = FileManager.default
        try files.copyItem(atPath: served.path("cert.pem"), toPath: served.path("old.pem"))
        try Data("half a file".utf8).write(to: served.world.folder.appendingPathComponent("cert.pem"))
        served.daemon.signal(SIGHUP)
        #expect(
            await eventually {
                served.daemon.text.contains("certificate was not reloaded, the old one stays in force")
            },
            "\(served.daemon.text)")
        let kept = try await served.run(["status", "--address", served.address, "--ca-file", served.path("old.pem")])
        #expect(kept.status == 0, "\(kept.text)")

        try await Self.selfSigned("cert", in: served.world.folder)
        served.daemon.signal(SIGHUP)
        #expect(await eventually { served.daemon.text.contains("certificate was read again") }, "\(served.daemon.text)")
        let renewed = try await served.run([
            "status", "--address", served.address, "--ca-file", served.path("cert.pem"),
        ])
        #expect(renewed.status == 0, "\(renewed.text)")
        let old = try await served.run(["status", "--address", served.address, "--ca-file", served.path("old.pem")])
        #expect(old.status == 3, "\(old.text)")
        await served.stop()
    }

    @Test func checkNamesTheFieldAndRunRefusesFilesThatCannotBeUsed() async throws {
        let world = try await LiveWorld.start()
        try await Self.selfSigned("cert", in: world.folder)
        try await Self.selfSigned("other", in: world.folder)
        try Self.configure(world, #"{address: "127.0.0.1:0", tls: {cert_file: cert.pem, key_file: other.key}}"#)
        let check = try Executable(["check", world.configurationPath], folder: world.folder)
        #expect(await check.end()?.status == 1)
        #expect(check.text.contains(/:2:\d+: error: the key in .*other.key does not belong/), "\(check.text)")
        let run = try Executable(["run", "--config", world.configurationPath], folder: world.folder)
        #expect(await run.end()?.status == 3)
        #expect(run.text.contains("does not belong") && run.text.contains("`tls` in `listen`"), "\(run.text)")
        await world.stop()
    }

    @Test func aKeyThatOthersCanReadIsAWarningOfCheckAndOfRun() async throws {
        let served = try await Self.serve()
        #expect(!served.daemon.text.contains("all users of this machine"))
        #expect(chmod(served.path("cert.key"), 0o644) == 0)
        let check = try await served.run(["check", served.world.configurationPath])
        #expect(check.status == 0 && check.text.contains("warning: all users of this machine"), "\(check.text)")
        served.daemon.signal(SIGHUP)
        #expect(await eventually { served.daemon.text.contains("all users of this machine") }, "\(served.daemon.text)")
        await served.stop()
    }
}
