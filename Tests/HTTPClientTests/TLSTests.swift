import Foundation
import HTTPClient
import Model
import Ports
import Testing

/// Against Debian's nginx.
@Suite(.enabled(if: NginxServer.isInstalled, "needs nginx and openssl"))
struct TLSTests {
    private static func path(_ name: String) throws -> String { try TestAuthority.shared.get().path(name) }

    private static func trusting(_ change: (inout ClientSecurity) -> Void = { _ in }) throws -> ClientSecurity {
        var security = ClientSecurity(caFile: try path("ca.pem"))
        change(&security)
        return security
    }

    @Test func aTrustedServerSpeaksHTTP2() async throws {
        let nginx = try await NginxServer()
        try await withTransport { transport in
            for host in ["127.0.0.1", "localhost"] {
                let url = "https://\(host):\(nginx.tlsPort)/metrics"
                let response = try await transport.send(HTTPRequest(url: url, security: try Self.trusting()))
                #expect(response.status == 200)
                #expect(response.header("x-protocol") == "HTTP/2.0")
                #expect(response.text == nginx.page)
            }
        }
    }

    @Test func manyRequestsShareAnHTTP2Connection() async throws {
        let nginx = try await NginxServer()
        let page = nginx.page
        let request = HTTPRequest(
            url: "https://127.0.0.1:\(nginx.tlsPort)/metrics", acceptsCompression: true, security: try Self.trusting())
        let right = try await withTransport(maxWaiting: 100) { transport in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<100 { group.addTask { try await transport.send(request).text == page } }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
        }
        #expect(right == 100)
    }

    @Test func anUnknownAuthorityIsRefusedUnlessAskedFor() async throws {
        let nginx = try await NginxServer()
        let url = "https://127.0.0.1:\(nginx.tlsPort)/metrics"
        try await withTransport { transport in
            let strangers = [ClientSecurity(), ClientSecurity(caFile: try Self.path("stranger.pem"))]
            for security in strangers {
                let error = await transport.failure(HTTPRequest(url: url, security: security))
                guard case .tls(let address, let reason) = try #require(error) else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
                #expect(address == url)
                #expect(reason.contains("certificate"))
            }
            let careless = ClientSecurity(insecureSkipVerify: true)
            #expect(await transport.failure(HTTPRequest(url: url, security: careless)) == nil)
            // A connection that was not verified must not serve a request that wants verification.
            #expect(await transport.failure(HTTPRequest(url: url)) != nil)
        }
    }

    @Test func aCertificateForAnotherNameIsRefused() async throws {
        let nginx = try await NginxServer()
        let url = "https://127.0.0.1:\(nginx.otherNamePort)/metrics"
        let error = try await withTransport { await $0.failure(HTTPRequest(url: url, security: try Self.trusting())) }
        guard case .tls(_, let reason) = try #require(error) else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("127.0.0.1"), "\(reason)")
    }

    @Test func aClientCertificateIsShown() async throws {
        let nginx = try await NginxServer()
        let url = "https://127.0.0.1:\(nginx.clientCertificatePort)/metrics"
        try await withTransport { transport in
            let without = try await transport.send(HTTPRequest(url: url, security: try Self.trusting()))
            #expect(without.status == 400)
            let certified = try Self.trusting {
                $0.certificateFile = try? Self.path("client.pem")
                $0.keyFile = try? Self.path("client.key")
            }
            let with = try await transport.send(HTTPRequest(url: url, security: certified))
            #expect(with.status == 200)
            #expect(with.header("X-Client") == "CN=client")
            // Nor may the certified connection serve a request without a certificate.
            let again = try await transport.send(HTTPRequest(url: url, security: try Self.trusting()))
            #expect(again.status == 400)
        }
    }

    @Test(arguments: [
        ("absent.pem", "client.pem", "client.key"), ("client.key", "client.pem", "client.key"),
        ("ca.pem", "absent.pem", "client.key"), ("ca.pem", "client.pem", "absent.key"),
        ("ca.pem", "client.pem", "server.key"), ("ca.pem", "client.pem", "encrypted.key"),
    ])
    func anUnusableFileSaysSo(authority: String, certificate: String, key: String) async throws {
        let nginx = try await NginxServer()
        let security = ClientSecurity(
            caFile: try Self.path(authority), certificateFile: try Self.path(certificate), keyFile: try Self.path(key))
        let url = "https://127.0.0.1:\(nginx.clientCertificatePort)/metrics"
        let error = try await withTransport {
            await $0.failure(HTTPRequest(url: url, timeoutMs: 60_000, security: security))
        }
        guard case .unusable(let text) = try #require(error) else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.hasPrefix(url), "\(text)")
    }

    @Test func plainHTTPOnATLSPortAndTheReverse() async throws {
        let nginx = try await NginxServer()
        try await withTransport { transport in
            let plain = try await transport.send(HTTPRequest(url: "http://127.0.0.1:\(nginx.tlsPort)/"))
            #expect(plain.status == 400)
            let url = "https://127.0.0.1:\(nginx.plainPort)/"
            guard case .tls = await transport.failure(HTTPRequest(url: url)) else {
                Issue.record("not a TLS error")
                return
            }
        }
    }

    @Test(arguments: [true, false])
    func aBodyComesBackTheSameCompressedOrNot(isCompressed: Bool) async throws {
        let nginx = try await NginxServer()
        try await withTransport { transport in
            let url = "http://127.0.0.1:\(nginx.plainPort)/metrics"
            let response = try await transport.send(HTTPRequest(url: url, acceptsCompression: isCompressed))
            #expect(response.header("Content-Encoding") == (isCompressed ? "gzip" : nil))
            #expect(response.text == nginx.page)
            let overSocket = HTTPRequest(url: "http://nginx/metrics", unixSocket: nginx.unixSocket)
            let socketResponse = try await transport.send(overSocket)
            #expect(socketResponse.text == nginx.page)
        }
    }
}
