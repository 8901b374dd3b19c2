import Declarations
import Model
import Ports

/// nginx: an include file, or an endpoint inside nginx.
enum NginxKind: DrivenRouterKind {
    typealias Plan = NginxPlan

    typealias Instance = NginxIncludePlan.Instance

    struct Settings {
        var instances: [String]?
        var path: String?
        var security = ClientSecurity()
        /// One nginx, whose fields are the router's own.
        var single = blankInstance
        var includes: [Instance]?
        var split: Split?
        var upstream: Upstream?
    }

    struct Split {
        var choices: [NginxIncludePlan.Choice] = []
        var baseline = ""
        var canary = ""
    }

    struct Upstream {
        var name = ""
        var servers = ServerLists()
    }

    private static let blankInstance = Instance(file: "", command: ["/usr/sbin/nginx"], stateURL: "")
    private static let ofInclude = ["include", "command", "state_url", "includes", "split", "upstream"]
    private static let ofEndpoint = ["instances", "path", "tls", "auth"]

    private static func isEndpoint(_ fields: Fields) -> Bool { fields.has("path") || fields.has("instances") }

    static func section(_ context: RouterContext) -> Section<Settings> {
        let folder = context.folder
        let single = instance(\Settings.single, folder).map { setting in
            setting.only(if: { !isEndpoint($0) && !$0.has("includes") }, shownDefault: "required with an include")
                .written { _ in false }
        }
        return Section(
            owner: "an nginx router", blank: Settings(),
            settings: single + include(folder) + endpoint
                + Setting.security(\.security, folder).map { setting in
                    setting.only(if: isEndpoint).written { $0.path != nil }
                })
    }

    // MARK: An endpoint

    private static var endpoint: [Setting<Settings>] {
        let path = ValueForm.line(limit: 200, "path of a URL").checked { path, field in
            if !path.hasPrefix("/") || !RouterNames.isAddress(path) {
                field.fail("'path' must be a path such as /split/checkout, got \(Quote.value(path))")
            }
            return path
        }
        return [
            .needed(
                "instances", \.instances, .instances, when: isEndpoint, shownDefault: "required with an endpoint",
                "addresses of the endpoints, one per nginx"),
            Setting.needed(
                "path", \.path, path, when: isEndpoint, shownDefault: "required with an endpoint",
                "path of the endpoint"
            ).reading(before: refuseForeign),
        ]
    }

    private static func refuseForeign(_ fields: Fields) {
        let isEndpoint = isEndpoint(fields)
        for name in isEndpoint ? ofInclude : ofEndpoint where fields.has(name) {
            let other = isEndpoint ? "'instances' and 'path' (an endpoint)" : "an include"
            fields[name]?.fail("'\(name)' does not belong to \(other)")
        }
    }

    // MARK: An include

    private static func include(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        let includes = Setting.optional(
            "includes", \Settings.includes, self.includes(folder),
            "several: `{include, command, state_url}` of each nginx"
        ).reading { fields, settings in
            guard fields.has("includes"), !isEndpoint(fields) else { return true }
            for name in ["include", "command", "state_url"] where fields.has(name) {
                fields[name]?.fail(
                    "'\(name)' and 'includes' exclude each other; write it into each entry of 'includes'")
            }
            settings.includes = fields["includes"].flatMap(self.includes(folder).read)
            return settings.includes != nil
        }
        return [
            includes,
            Setting.optional(
                "split", \.split, split.form(), shownDefault: "this or `upstream`", "`split_clients` blocks"
            ).only(if: { !isEndpoint($0) }).reading(before: { fields in
                if !isEndpoint(fields) { _ = fields.requiredOne(of: ["split", "upstream"]) }
            }),
            Setting.optional(
                "upstream", \.upstream, upstream.form(), shownDefault: "this or `split`", "an upstream with weights"
            ).only(if: { !isEndpoint($0) }),
        ]
    }

    private static func instance<Root>(
        _ path: WritableKeyPath<Root, Instance>, _ folder: ConfigurationFolder
    ) -> [Setting<Root>] {
        let command = ValueForm.lines(of: "arguments").checked { arguments, field in
            guard arguments[0].hasPrefix("/") else {
                field.fail("'command' must begin with the program's whole path, got \(Quote.value(arguments[0]))")
                return nil
            }
            return arguments
        }
        return [
            .required(
                "include", path.appending(path: \.file), .wholePath(folder),
                "the file that Rollguard writes and nginx includes"),
            .value(
                "command", path.appending(path: \.command), command, shownDefault: "`[/usr/sbin/nginx]`",
                "the program and the arguments that make it this nginx"),
            .required(
                "state_url", path.appending(path: \.stateURL), .url(allowsQuery: false),
                "where the include's own state is served"),
        ]
    }

    private static func includes(_ folder: ConfigurationFolder) -> ValueForm<[Instance]> {
        let section = Section(
            owner: "an entry of 'includes'", blank: blankInstance, settings: instance(\Instance.self, folder))
        return ValueForm(
            summary: "list of mappings", schema: .array(of: section.schema, least: 1),
            read: { field in
                guard let entries = field.entries(of: "includes") else { return nil }
                if entries.isEmpty { field.fail("'includes' is empty; it needs one entry per nginx") }
                var seen: Set<String> = []
                let instances = entries.compactMap { entry -> Instance? in
                    guard let instance = section.read(entry) else { return nil }
                    if !seen.insert(instance.file).inserted {
                        entry.fail("the include \(Quote.value(instance.file)) is listed in 'includes' twice")
                    }
                    return instance
                }
                return instances.count == entries.count && !instances.isEmpty ? instances : nil
            },
            write: { .list($0.map(section.tree)) })
    }

    private static var split: Section<Split> {
        Section(
            owner: "'split'", blank: Split(),
            settings: [
                .required("choices", \.choices, choices, "`{variable, key}` of each block"),
                .required("baseline", \.baseline, .line(limit: 200), "what the variables become for the old version"),
                .required("canary", \.canary, .line(limit: 200), "what they become for the new version"),
            ],
            hasSides: true,
            finish: { split, fields in
                for (name, value) in [("baseline", split.baseline), ("canary", split.canary)]
                where !RouterNames.isAddress(value) {
                    fields[name]?.fail("\(Quote.value(value)) is not a valid name of an upstream")
                }
                if split.baseline == split.canary { fields["canary"]?.fail("'canary' and 'baseline' are the same") }
                return true
            })
    }

    private static var choices: ValueForm<[NginxIncludePlan.Choice]> {
        ValueForm(
            summary: "list of mappings", schema: .array(of: choice.schema, least: 1),
            read: { field in
                guard let choices = field.entries(of: "choices")?.compactMap({ choice.read($0) }) else { return nil }
                if choices.isEmpty { field.fail("'choices' is empty; it needs at least one variable") }
                var seen: Set<String> = []
                for choice in choices where !seen.insert(choice.variable).inserted {
                    field.fail("the variable \(Quote.value(choice.variable)) is listed in 'choices' twice")
                }
                return choices.isEmpty ? nil : choices
            },
            write: { .list($0.map(choice.tree)) })
    }

    private static var choice: Section<NginxIncludePlan.Choice> {
        let variable = ValueForm.line(limit: 100).checked { name, field in
            if !name.hasPrefix("$") || name.count < 2 || !RouterNames.isName(String(name.dropFirst())) {
                field.fail("\(Quote.value(name)) is not a variable such as $checkout_version")
            }
            return name
        }
        let key = ValueForm.line(limit: 200).checked { key, field in
            let isKey = key.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789$_{}.:-".unicodeScalars.contains($0))
            }
            if !isKey { field.fail("\(Quote.value(key)) is not a key made of variables such as $request_id") }
            return key
        }
        return Section(
            owner: "an entry of 'choices'", blank: NginxIncludePlan.Choice(variable: "", key: ""),
            settings: [
                .required("variable", \.variable, variable, "the variable that holds the version"),
                .required("key", \.key, key, "what is hashed"),
            ])
    }

    private static var upstream: Section<Upstream> {
        let name = ValueForm.line(limit: 200, "name").checked { name, field in
            if !RouterNames.isName(name) { field.fail("\(Quote.value(name)) is not a valid name of an upstream") }
            return name
        }
        return Section(
            owner: "'upstream'", blank: Upstream(),
            settings: [
                .required("name", \.name, name, "name of the upstream"),
                .required(
                    "servers", \.servers, ServerLists.addresses(of: "servers", field: "servers").form(),
                    "addresses of the two versions"),
            ])
    }

    // MARK: The plan

    static func plan(_ settings: Settings) -> NginxPlan? {
        if let path = settings.path, let instances = settings.instances {
            return .endpoint(NginxEndpointPlan(instances: instances, path: path, security: settings.security))
        }
        let content: NginxIncludePlan.Content
        if let split = settings.split {
            content = .choices(split.choices, baseline: split.baseline, canary: split.canary)
        } else if let upstream = settings.upstream {
            content = .upstream(
                name: upstream.name, baseline: upstream.servers.baseline, canary: upstream.servers.canary)
        } else {
            return nil
        }
        return .include(NginxIncludePlan(instances: settings.includes ?? [settings.single], content: content))
    }

    static func settings(_ plan: NginxPlan) -> Settings {
        switch plan {
        case .endpoint(let plan):
            return Settings(instances: plan.instances, path: plan.path, security: plan.security)
        case .include(let plan):
            var settings = Settings(includes: plan.instances)
            switch plan.content {
            case .choices(let choices, let baseline, let canary):
                settings.split = Split(choices: choices, baseline: baseline, canary: canary)
            case .upstream(let name, let baseline, let canary):
                settings.upstream = Upstream(name: name, servers: ServerLists(baseline: baseline, canary: canary))
            }
            return settings
        }
    }

    static func driver(_ plan: NginxPlan, _ setup: DriverSetup) throws(RouterPlanError) -> any RouterDriver {
        switch plan {
        case .include(let include):
            try NginxIncludeDriver(
                plan: include, release: setup.release, transport: setup.transport, aim: setup.aim)
        case .endpoint(let endpoint):
            try NginxEndpoint.driver(
                endpoint, release: setup.release, versions: setup.versions, transport: setup.transport,
                secrets: setup.secrets, aim: setup.aim)
        }
    }
}
