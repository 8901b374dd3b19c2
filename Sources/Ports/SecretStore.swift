public import Model

/// Reads a secret at the moment it is needed, so that a rotated file is taken up without a restart.
public protocol SecretStore: Sendable {
    /// The secret without surrounding white space.
    func secret(_ reference: SecretReference) throws(SecretError) -> String
}

/// A secret that cannot be had. Names the place, never the content.
public enum SecretError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file does not exist, may not be read or is too large.
    case unreadableFile(path: String, reason: String)
    /// The environment variable does not exist.
    case unsetVariable(name: String)
    /// There is nothing but white space.
    case empty(place: String)

    public var description: String {
        switch self {
        case .unreadableFile(let path, let reason): "cannot read the secret file \(path): \(reason)"
        case .unsetVariable(let name): "the environment variable \(name), which should hold a secret, is not set"
        case .empty(let place): "the secret in \(place) is empty"
        }
    }
}
