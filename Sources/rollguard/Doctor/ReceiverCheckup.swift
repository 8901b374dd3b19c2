import Declarations
import Foundation
import HTTPClient
import Model
import Support

/// What a receiver reads when it is sent something: secrets and files. Nothing is sent.
enum ReceiverCheckup {
    static func findings(_ receiver: ReceiverPlan) -> [CheckupFinding] {
        let subject = "receiver \(receiver.name)"
        let own = (receiver.kind.settings as? any HoldsSecrets)?.secrets ?? []
        let secrets = [receiver.urlSecret, receiver.secret, credential(receiver.security)].compactMap { $0 } + own
        let files = [receiver.security.caFile, receiver.security.certificateFile, receiver.security.keyFile]
            .compactMap { $0 }
        var found: [CheckupFinding] = []
        for secret in secrets {
            do { _ = try SystemSecretStore().secret(secret) } catch { found.append(.error(subject, "\(error)")) }
        }
        for file in files where !FileManager.default.isReadableFile(atPath: file) {
            found.append(.error(subject, "\(file) cannot be read by this user"))
        }
        if receiver.security.insecureSkipVerify {
            found.append(
                .warning(subject, "any certificate is accepted; remove 'insecure_skip_verify' outside of tests"))
        }
        guard found.isEmpty else { return found }
        let read = secrets.count + files.count
        return [
            .ok(
                subject,
                "\(receiver.kind.name), \(read == 0 ? "without secrets and files" : "\(read) secrets and files can be read")"
            )
        ]
    }

    private static func credential(_ security: ClientSecurity) -> SecretReference? {
        switch security.authorization {
        case .bearer(let secret), .basic(_, let secret), .header(_, let secret): secret
        case nil: nil
        }
    }
}
