import Declarations
import Model

/// What a centre must not decide: whoever may write there would otherwise run programs on this host, or send any of its
/// files to an address of their choice.
struct CentreTrust {
    /// Fields that stay in the configuration file, each with what they would allow.
    private static let refused: [String: String] = [
        "command": "it runs a program on this host",
        "insecure_skip_verify": "it accepts any certificate",
        "socket": "it reaches a socket of this host", "unix_socket": "it reaches a socket of this host",
        "state_url": "it belongs to a file of this host",
    ]

    let folder: ConfigurationFolder
    /// See ``CentreSettings/secretsDirectory``.
    let secretsDirectory: String
    let log: DiagnosticLog

    /// Reports every field of the document that may not come from a centre.
    func check(_ value: YAMLValue) {
        switch value.content {
        case .mapping(let members):
            for member in members {
                check(member)
                check(member.value)
            }
        case .list(let values): for value in values { check(value) }
        case .text, .unusable: break
        }
    }

    private func check(_ member: YAMLValue.Member) {
        if let danger = Self.refused[member.name] {
            return log.error(
                member.namePlace,
                "'\(member.name)' may not come from a configuration centre, because \(danger); keep this object in the "
                    + "configuration file")
        }
        guard member.name.hasSuffix("_file") || member.name == "file", case .text(let path, _) = member.value.content
        else { return }
        let whole = folder.path(path)
        let inside = secretsDirectory.hasSuffix("/") ? secretsDirectory : secretsDirectory + "/"
        guard member.name == "file" || !whole.hasPrefix(inside) || whole.split(separator: "/").contains("..") else {
            return
        }
        let remedy =
            member.name == "file"
            ? "keep this object in the configuration file" : "name a file in \(Quote.value(inside))"
        log.error(
            member.value.place,
            "'\(member.name)' from a configuration centre may not name the file \(Quote.value(path)) of this host; \(remedy)"
        )
    }
}
