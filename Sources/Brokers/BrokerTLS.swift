import Model
import NIOCore
import NIOSSL
import Ports

/// TLS of a client, from the settings of its configuration. The files are read at each connection.
struct BrokerTLS: Sendable {
    private let context: NIOSSLContext
    private let host: String

    init(_ broker: BrokerAddress) throws {
        let security = broker.security
        var settings = TLSConfiguration.makeClientConfiguration()
        settings.minimumTLSVersion = .tlsv12
        // A server that does not answer the end of TLS must not keep the call.
        settings.shutdownTimeout = .milliseconds(500)
        if security.insecureSkipVerify { settings.certificateVerification = .none }
        if let path = security.caFile { settings.trustRoots = .file(path) }
        if let path = security.certificateFile {
            settings.certificateChain = try NIOSSLCertificate.fromPEMFile(path).map { .certificate($0) }
            settings.privateKey = .privateKey(try NIOSSLPrivateKey(file: security.keyFile ?? path, format: .pem))
        }
        context = try NIOSSLContext(configuration: settings)
        host = broker.host
    }

    func handler() throws -> NIOSSLClientHandler {
        // An address is no name that a server could be asked for (RFC 6066, section 3).
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }
}
