import Foundation
package import Model
import NIOSSL
import Synchronization

/// The certificate that the API's listener presents. It can be replaced while the listener runs: new connections get the
/// one that was read last, existing connections keep theirs.
package final class ServerCertificate: Sendable {
    private let files: ListenTLS
    private let inForce: Mutex<NIOSSLContext>
    /// Of the first reading.
    package let warnings: [CertificateProblem]

    package init(_ files: ListenTLS) throws(CertificateProblem) {
        self.files = files
        let (context, warnings) = try CertificateFiles.load(files, nowSeconds: ServerCertificate.nowSeconds)
        inForce = Mutex(context)
        self.warnings = warnings
    }

    /// The one of `listen.tls`; nil without that.
    package static func of(_ listen: ListenPlan) throws(ConsoleError) -> ServerCertificate? {
        guard let files = listen.tls else { return nil }
        do throws(CertificateProblem) { return try ServerCertificate(files) } catch {
            throw .cannotUseCertificate(reason: "\(error)")
        }
    }

    /// Reads both files again. When they cannot be used, what was read before stays in force.
    ///
    /// - Returns: warnings.
    package func reload() throws(CertificateProblem) -> [CertificateProblem] {
        let (context, warnings) = try CertificateFiles.load(files, nowSeconds: ServerCertificate.nowSeconds)
        inForce.withLock { $0 = context }
        return warnings
    }

    var context: NIOSSLContext { inForce.withLock { $0 } }

    private static var nowSeconds: Int { Int(Date().timeIntervalSince1970) }
}
