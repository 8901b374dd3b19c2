import Glibc
public import Model
public import Ports

/// Reads secrets from files and from the environment, again at each use.
public struct SystemSecretStore: SecretStore {
    /// The largest secret; a larger file is the wrong file, such as a log.
    public static let limitBytes = 65_536

    public init() {}

    public func secret(_ reference: SecretReference) throws(SecretError) -> String {
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
        guard !path.utf8.contains(0) else { throw .unreadableFile(path: path, reason: "the path holds a NUL byte") }
        // Opening a pipe without a writer would wait for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadableFile(path: path, reason: systemReason()) }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw .unreadableFile(path: path, reason: systemReason()) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw .unreadableFile(path: path, reason: "it is not a file") }
        let bytes = try read(descriptor, path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadableFile(path: path, reason: "it is not UTF-8 text")
        }
        return text
    }

    private func read(_ descriptor: Int32, _ path: String) throws(SecretError) -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = Glibc.read(descriptor, &block, block.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw .unreadableFile(path: path, reason: systemReason())
            }
            bytes += block[..<count]
            guard bytes.count <= Self.limitBytes else {
                throw .unreadableFile(path: path, reason: "it is larger than \(Self.limitBytes) bytes")
            }
        }
    }

    private func systemReason() -> String { String(cString: strerror(errno)) }

    private func trimmed(_ text: String) -> String {
        var rest = text.unicodeScalars[...]
        while let first = rest.first, first.properties.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.properties.isWhitespace { rest.removeLast() }
        return String(rest)
    }
}
