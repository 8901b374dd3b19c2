import Glibc
import Leases
package import Model
import SystemSupport

/// Where a replica keeps the newest document of each release, and what operators have ordered.
package protocol HandoverStorage: Sendable {
    /// Nil for a release without a document that can be read.
    func document(of release: String) -> HandoverDocument?

    /// - Returns: why it could not be written; nil when it is kept.
    func save(_ document: HandoverDocument) -> String?

    /// What operators have ordered about messages; nil without any that can be read.
    func operators() -> OperatorActs?

    /// - Returns: why it could not be written; nil when it is kept.
    func save(_ acts: OperatorActs) -> String?
}

/// The newest document of each release on this host's disk, for a start while the store cannot be read: which version is where
/// and what is latched must not be forgotten then.
struct HandoverFiles: HandoverStorage {
    private let folder: String

    init(stateDirectory: String) {
        folder = (stateDirectory.hasSuffix("/") ? String(stateDirectory.dropLast()) : stateDirectory) + "/replicas"
    }

    func document(of release: String) -> HandoverDocument? {
        do throws(FileReadError) {
            return HandoverText.document(try RegularFile.read(path(release), limitBytes: HandoverText.limitBytes).bytes)
        } catch { return nil }
    }

    func save(_ document: HandoverDocument) -> String? {
        mkdir(folder, 0o700)
        return HandoverText.encode(document).flatMap { ReplacedFile.write($0, to: path(document.release)) }
    }

    /// What operators have ordered about messages; nil without a file that can be read.
    func operators() -> OperatorActs? {
        do throws(FileReadError) {
            return OperatorActsText.acts(try RegularFile.read(operatorsPath, limitBytes: HandoverText.limitBytes).bytes)
        } catch { return nil }
    }

    /// - Returns: why it could not be written; nil when it is on the disk.
    func save(_ acts: OperatorActs) -> String? {
        mkdir(folder, 0o700)
        return OperatorActsText.encode(acts).flatMap { ReplacedFile.write($0, to: operatorsPath) }
    }

    /// The documents of releases end with `.json`.
    private var operatorsPath: String { folder + "/operators.acts" }

    /// Names of releases are fit for file names.
    private func path(_ release: String) -> String { "\(folder)/\(release).json" }
}
