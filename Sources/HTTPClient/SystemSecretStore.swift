import Glibc
package import Model
package import Ports
import SystemSupport

/// Reads secrets from files and from the environment, again at each use.
package struct SystemSecretStore: SecretStore {
    /// The largest secret; a larger file is the wrong file, such as a log.
    package static let limitBytes = 65_536

    package init() {}

    package func secret(_ reference: SecretReference) throws(SecretError) -> String {
        let text: String
        switch reference {
        case .file(let path): text = try contents(path)
        case .environment(let name): text = try variable(name)
        }
        let secret = trimmed(text)
        guard !secret.isEmpty else { throw .empty(place: reference.place) }
        return secret
    }

    private func variable(_ name: String) throws(SecretError) -> String {
        guard let value = getenv(name) else { throw .unsetVariable(name: name) }
        return String(cString: value)
    }

    private func contents(_ path: String) throws(SecretError) -> String {
        let bytes: [UInt8]
        do throws(FileReadError) { bytes = try RegularFile.read(path, limitBytes: Self.limitBytes).bytes } catch {
            throw .unreadableFile(path: path, reason: error.reason)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadableFile(path: path, reason: "it is not UTF-8 text")
        }
        return text
    }

    private func trimmed(_ text: String) -> String {
        var rest = text.unicodeScalars[...]
        while let first = rest.first, first.properties.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.properties.isWhitespace { rest.removeLast() }
        return String(rest)
    }
}
