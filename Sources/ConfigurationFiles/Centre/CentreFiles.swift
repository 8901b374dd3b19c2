import Declarations
import Model

/// The files of a configuration centre, by their path behind the centre's label; of the host's files, the ready rules.
struct CentreFiles: FileSource {
    /// Where packages install the ready rules, which a centre may name.
    static let readyRules = "/usr/share/rollguard/rules/"

    let state: CentreState
    let host: any FileSource

    func read(_ path: String, limitBytes: Int) throws(FileError) -> [UInt8] {
        guard path.hasPrefix(state.label) else {
            guard Self.isReadyRule(path) else {
                throw .unreadable(
                    reason: "the centre may name its own files, and the ready rules in \(Self.readyRules)")
            }
            return try host.read(path, limitBytes: limitBytes)
        }
        guard let file = state.file(String(path.dropFirst(state.label.count))) else { throw .missing }
        guard file.bytes.count <= limitBytes else { throw .tooLarge(limitBytes: limitBytes) }
        return file.bytes
    }

    func expand(_ pattern: String) -> [String] {
        guard PathPattern.isPattern(pattern) else { return [pattern] }
        guard pattern.hasPrefix(state.label) else { return Self.isReadyRule(pattern) ? host.expand(pattern) : [] }
        let wanted = String(pattern.dropFirst(state.label.count))
        return state.files.filter { PathPattern.matches(wanted, $0.path) }.map { state.label + $0.path }
    }

    private static func isReadyRule(_ path: String) -> Bool {
        path.hasPrefix(readyRules) && !path.split(separator: "/").contains("..")
    }
}
