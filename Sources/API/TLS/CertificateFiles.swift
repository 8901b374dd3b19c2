import Foundation
import Glibc
package import Model
import NIOSSL
import SystemSupport

/// What is wrong with the files of `listen.tls`, or doubtful. The texts name files and never hold what is in them.
package struct CertificateProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Source: Sendable, Equatable {
        case certificate
        case key
    }

    /// Which of the two files it is about.
    package let source: Source
    package let description: String

    init(_ source: Source, _ text: String) {
        self.source = source
        description = text
    }
}

/// Reads a certificate with its key.
package enum CertificateFiles {
    /// A chain of ten certificates has some 20 kB.
    static let limitBytes = 1 << 20

    /// Whether the files can be used, and what is doubtful about them: for `check`, without a listener.
    ///
    /// - Returns: warnings.
    /// - Throws: what makes the files unusable.
    package static func check(_ files: ListenTLS) throws(CertificateProblem) -> [CertificateProblem] {
        try load(files, nowSeconds: Int(Date().timeIntervalSince1970)).warnings
    }

    /// - Parameter nowSeconds: since 1970, for the certificate's time.
    static func load(
        _ files: ListenTLS, nowSeconds: Int
    ) throws(CertificateProblem) -> (context: NIOSSLContext, warnings: [CertificateProblem]) {
        let certificateFile = try read(files.certificateFile, .certificate)
        let keyFile = try read(files.keyFile, .key)
        let chain = try certificates(certificateFile.bytes, files.certificateFile)
        let key = try privateKey(keyFile.bytes, files.keyFile)
        let context = try context(chain, key, files)
        var warnings = timeWarnings(chain, files.certificateFile, nowSeconds)
        if keyFile.permissions & 0o007 != 0 {
            warnings.append(
                CertificateProblem(
                    .key, "all users of this machine have access to the private key in \(files.keyFile); use `chmod o=`"
                ))
        }
        return (context, warnings)
    }

    private static func certificates(
        _ bytes: [UInt8], _ path: String
    ) throws(CertificateProblem) -> [NIOSSLCertificate] {
        let chain = try? NIOSSLCertificate.fromPEMBytes(bytes)
        guard let chain, !chain.isEmpty else {
            throw CertificateProblem(
                .certificate, "\(path) holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")
        }
        return chain
    }

    private static func privateKey(_ bytes: [UInt8], _ path: String) throws(CertificateProblem) -> NIOSSLPrivateKey {
        guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
            throw CertificateProblem(
                .key, "\(path) holds no private key in PEM form, or one with a pass phrase, which cannot be used")
        }
        return key
    }

    private static func context(
        _ chain: [NIOSSLCertificate], _ key: NIOSSLPrivateKey, _ files: ListenTLS
    ) throws(CertificateProblem) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw CertificateProblem(
                .key,
                "the key in \(files.keyFile) does not belong to the first certificate in \(files.certificateFile), or is of "
                    + "a kind that TLS does not take")
        }
    }

    /// A certificate out of its time is still served: the clock may be wrong, and callers say what they refuse.
    private static func timeWarnings(
        _ chain: [NIOSSLCertificate], _ path: String, _ nowSeconds: Int
    ) -> [CertificateProblem] {
        guard let own = chain.first else { return [] }
        func day(_ seconds: Int) -> String {
            Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
        }
        if own.notValidAfter < nowSeconds {
            return [CertificateProblem(.certificate, "the certificate in \(path) expired at \(day(own.notValidAfter))")]
        }
        if own.notValidBefore > nowSeconds {
            let text = "the certificate in \(path) is not valid before \(day(own.notValidBefore))"
            return [CertificateProblem(.certificate, text)]
        }
        return []
    }

    private static func read(
        _ path: String, _ source: CertificateProblem.Source
    ) throws(CertificateProblem) -> RegularFile.Content {
        let content: RegularFile.Content
        do throws(FileReadError) { content = try RegularFile.read(path, limitBytes: limitBytes) } catch {
            throw CertificateProblem(source, "\(path) cannot be read: \(error.reason)")
        }
        guard !content.bytes.isEmpty else { throw CertificateProblem(source, "\(path) is empty") }
        return content
    }
}
