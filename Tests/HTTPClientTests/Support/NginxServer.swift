import Foundation

/// A certificate authority of our own, made once per run: a server certificate for `localhost` and 127.0.0.1, a client
/// certificate, an encrypted copy of the client's key, and an authority that signed nothing.
struct TestAuthority: Sendable {
    let folder: String

    static let shared = Result { try TestAuthority() }

    func path(_ name: String) -> String { folder + "/" + name }

    private init() throws {
        folder = NSTemporaryDirectory() + "wire-ca-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        atexit {
            guard case .success(let authority) = TestAuthority.shared else { return }
            try? FileManager.default.removeItem(atPath: authority.folder)
        }
        try authority("ca")
        try authority("stranger")
        try certificate("server", names: "DNS:localhost,IP:127.0.0.1")
        try certificate("client", names: "DNS:rollguard")
        try openssl(["ec", "-in", "client.key", "-aes256", "-passout", "pass:s3cret", "-out", "encrypted.key"])
    }

    private func authority(_ name: String) throws {
        try openssl(
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
                + ["-subj", "/CN=\(name)", "-keyout", "\(name).key", "-out", "\(name).pem"])
    }

    private func certificate(_ name: String, names: String) throws {
        try openssl(
            ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)"]
                + ["-keyout", "\(name).key", "-out", "\(name).csr"])
        let extensions = path("\(name).ext")
        try "subjectAltName=\(names)\n".write(toFile: extensions, atomically: true, encoding: .utf8)
        try openssl(
            ["x509", "-req", "-in", "\(name).csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
                + ["-days", "2", "-extfile", extensions, "-out", "\(name).pem"])
    }

    private func openssl(_ arguments: [String]) throws { try run("openssl", arguments, in: folder) }
}

/// Debian's nginx on free loopback ports: TLS with HTTP/2, TLS that demands a client certificate, and plain HTTP, also on
/// a unix socket. Ends with the object.
final class NginxServer {
    static let isInstalled = HTTPClientTests.isInstalled("nginx") && HTTPClientTests.isInstalled("openssl")

    let tlsPort: Int
    let clientCertificatePort: Int
    let plainPort: Int
    /// Its certificate is for the name `rollguard`.
    let otherNamePort: Int
    let unixSocket: String
    let page: String
    private let folder: TemporaryFolder
    private let process: Process

    init() async throws {
        let authority = try TestAuthority.shared.get()
        folder = try TemporaryFolder()
        unixSocket = folder.path + "/nginx.sock"
        page = (0..<2_000).map { "http_requests_total{code=\"200\",path=\"/item/\($0)\"} \($0 * 37)\n" }.joined()
        _ = try folder.file("metrics", page)
        // A port that was free a moment ago may be taken when nginx asks for it.
        var started: (process: Process, ports: [Int])?
        for _ in 0..<5 where started == nil {
            let ports = Self.freePorts(4)
            let configuration = try folder.file("nginx.conf", Self.configuration(folder.path, ports, authority))
            started = try await Self.start(folder, configuration).map { ($0, ports) }
        }
        guard let (process, ports) = started else { throw CocoaError(.executableLoad) }
        (tlsPort, clientCertificatePort, plainPort, otherNamePort) = (ports[0], ports[1], ports[2], ports[3])
        self.process = process
    }

    /// Nil when it ended instead of listening.
    private static func start(_ folder: TemporaryFolder, _ configuration: String) async throws -> Process? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["nginx", "-p", folder.path, "-c", configuration, "-e", folder.path + "/error.log"]
        process.environment = ["PATH": "/usr/sbin:/usr/bin:/usr/local/bin"]
        try process.run()
        let pid = folder.path + "/nginx.pid"
        _ = await eventually { FileManager.default.fileExists(atPath: pid) || !process.isRunning }
        guard process.isRunning, FileManager.default.fileExists(atPath: pid) else {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            return nil
        }
        return process
    }

    /// The concurrency runtime's threads block signals and a child inherits that, so SIGTERM would not reach it.
    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Held together until all are known, so that they differ.
    private static func freePorts(_ count: Int) -> [Int] {
        let held = (0..<count).map { _ in ScriptedServer.listenOnLoopback() }
        for socket in held { close(socket.descriptor) }
        return held.map(\.port)
    }

    private static func configuration(_ folder: String, _ ports: [Int], _ authority: TestAuthority) -> String {
        func certificate(_ name: String) -> String {
            "ssl_certificate \(authority.path(name)).pem; ssl_certificate_key \(authority.path(name)).key;"
        }
        return """
            daemon off; master_process off; pid \(folder)/nginx.pid;
            events { worker_connections 256; }
            http {
              access_log off; root \(folder); default_type text/plain; keepalive_requests 100000;
              client_body_temp_path \(folder)/body; proxy_temp_path \(folder)/proxy; fastcgi_temp_path \(folder)/fastcgi;
              scgi_temp_path \(folder)/scgi; uwsgi_temp_path \(folder)/uwsgi;
              gzip on; gzip_types text/plain;
              add_header X-Protocol $server_protocol; add_header X-Client $ssl_client_s_dn;
              server { listen 127.0.0.1:\(ports[0]) ssl http2; \(certificate("server")) }
              server {
                listen 127.0.0.1:\(ports[1]) ssl; \(certificate("server"))
                ssl_client_certificate \(authority.path("ca.pem")); ssl_verify_client on;
              }
              server { listen 127.0.0.1:\(ports[3]) ssl; \(certificate("client")) }
              server { listen 127.0.0.1:\(ports[2]); listen unix:\(folder)/nginx.sock; }
            }
            """
    }
}
