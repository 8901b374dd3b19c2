/// Where in nginx's configuration a split is that Rollguard can write.
package struct NginxPlace: Sendable, Equatable {
    /// The file that has the split, as nginx names it.
    package let file: String
    /// The `split_clients` blocks of that file; empty where the split is an `upstream`.
    package let choices: [NginxIncludePlan.Choice]
    /// What follows `$rollguard_` in the variable that serves the state; nil where the file has none.
    package let release: String?
    /// A directive of the file that is neither, and that would be lost, because Rollguard writes the file whole.
    package let foreign: String?

    package init(file: String, choices: [NginxIncludePlan.Choice], release: String?, foreign: String?) {
        (self.file, self.choices, self.release, self.foreign) = (file, choices, release, foreign)
    }
}

/// The `split_clients` blocks and the upstreams of an nginx.
///
/// Source: nginx documentation, ngx_http_split_clients_module, ngx_http_upstream_module.
enum NginxSplits {
    private static let statePrefix = "$rollguard_"

    static func groups(_ files: [NginxFile]) -> [RouterSurvey.Group] {
        let upstreams = files.flatMap { $0.statements ?? [] }.flatMap(\.all).filter(isUpstream).map(server)
        return files.flatMap { file in
            let inside = (file.statements ?? []).flatMap(\.all)
            let blocks = inside.filter { $0.name == "split_clients" && $0.parts.count == 3 }
            let split = blocks.isEmpty ? [] : [choices(blocks, file, upstreams)]
            return split + inside.filter(isUpstream).map { upstream($0, file) }
        }
    }

    private static func isUpstream(_ statement: NginxStatement) -> Bool {
        statement.name == "upstream" && statement.parts.count == 2
    }

    /// An upstream as one server of a split.
    private static func server(_ upstream: NginxStatement) -> RouterSurvey.Server {
        RouterSurvey.Server(name: upstream.parts[1], addresses: addresses(upstream))
    }

    private static func addresses(_ upstream: NginxStatement) -> [String] {
        upstream.block.filter { $0.name == "server" && $0.parts.count > 1 && !$0.parts.contains("backup") }
            .map { $0.parts[1] }
    }

    /// All blocks of a file, because the file is written as a whole. After a rollback only one version is in it, so every
    /// upstream may be the other one.
    private static func choices(
        _ blocks: [NginxStatement], _ file: NginxFile, _ upstreams: [RouterSurvey.Server]
    ) -> RouterSurvey.Group {
        var values: [String] = []
        for value in blocks.flatMap(\.block).filter({ $0.parts.count == 2 }).map({ $0.parts[1] })
        where !values.contains(value) {
            values.append(value)
        }
        let named = values.map { value in
            upstreams.first { $0.name == value } ?? RouterSurvey.Server(name: value, addresses: [value])
        }
        let others = values.count > 1 ? [] : upstreams.filter { !values.contains($0.name) }
        let choices = blocks.map { NginxIncludePlan.Choice(variable: $0.parts[2], key: $0.parts[1]) }
        return RouterSurvey.Group(
            name: choices[0].variable, servers: named + others,
            place: place(file, choices) { $0.name == "split_clients" })
    }

    private static func upstream(_ upstream: NginxStatement, _ file: NginxFile) -> RouterSurvey.Group {
        let servers = addresses(upstream).map { RouterSurvey.Server(name: $0, addresses: [$0]) }
        return RouterSurvey.Group(
            name: upstream.parts[1], servers: servers, place: place(file, []) { $0 == upstream })
    }

    private static func place(
        _ file: NginxFile, _ choices: [NginxIncludePlan.Choice], _ isOwn: (NginxStatement) -> Bool
    ) -> NginxPlace {
        let statements = file.statements ?? []
        let states = statements.filter { $0.name == "map" && $0.parts.last?.hasPrefix(statePrefix) == true }
        let foreign = statements.first { !isOwn($0) && !states.contains($0) }
        return NginxPlace(
            file: file.path, choices: choices,
            release: states.first?.parts.last.map { String($0.dropFirst(statePrefix.count)) }, foreign: foreign?.name)
    }
}
