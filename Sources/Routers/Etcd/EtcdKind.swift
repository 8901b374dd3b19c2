import Declarations
import Model
import Ports

/// A key in etcd that something else watches.
enum EtcdKind: DrivenRouterKind {
    typealias Plan = EtcdPlan
    typealias Settings = EtcdPlan

    static func section(_ context: RouterContext) -> Section<EtcdPlan> {
        let weight = WeightPointers.section(of: "an etcd router")
        return Section(
            owner: "an etcd router", blank: EtcdPlan(access: EtcdAccess(endpoints: []), key: ""),
            settings: access(\EtcdPlan.access, context.folder) + [
                .required("key", \.key, .line(), "the key; it has to exist"),
                .value(
                    "value", \.value, value(context),
                    "what is written, with [templates](#http); a tree is written as JSON"),
                .value(
                    "canary", \.canary, weight, shownDefault: "the whole value",
                    "where the value holds the canary's weight"),
                .optional(
                    "baseline", \.baseline, weight,
                    "where it holds the baseline's weight; left out when the canary's number is a percentage"),
                .value(
                    "total", \.total, .integer(1...1_000_000), "the sum of the two weights"),
            ],
            hasSides: true,
            finish: { plan, fields in
                checkReadBack(plan, fields)
                return true
            })
    }

    /// Of a tree it would not be known where the share is.
    private static func checkReadBack(_ plan: EtcdPlan, _ fields: Fields) {
        guard fields.has("value"), !fields.has("canary") else { return }
        if case .text = plan.value { return }
        fields.fail("an etcd router needs 'canary': {pointer: …} beside a 'value' that is a tree, to read it back")
    }

    /// `endpoints`, `tls` and `auth`.
    static func access<Root>(
        _ path: WritableKeyPath<Root, EtcdAccess>, _ folder: ConfigurationFolder
    ) -> [Setting<Root>] {
        let security = path.appending(path: \.security)
        let endpoints = Setting.required(
            "endpoints", path.appending(path: \.endpoints), .instances, "members of one cluster, tried in order")
        return [endpoints]
            + Setting.security(security, folder).map { setting in
                setting.reading { fields, root in
                    let isUsable = setting.read(fields, &root)
                    if setting.names == ["auth"] { refuseTokens(root[keyPath: security], fields) }
                    return isUsable
                }
            }
    }

    private static func refuseTokens(_ security: ClientSecurity, _ fields: Fields) {
        switch security.authorization {
        case .bearer, .header:
            fields["auth"]?.fail("etcd knows users: write 'auth: {basic: {user: …, password_file: …}}'")
        case .basic, nil: break
        }
    }

    private static func value(_ context: RouterContext) -> ValueForm<HTTPRouterPlan.Body> {
        BodyForms.form { context.templates(setsSplit: true) }.checked { body, field in
            if !usesSplit(body) {
                field.fail(
                    "'value' has no template of the split, such as ${percent.canary} or ${weight.canary}; it would "
                        + "never change"
                )
            }
            return body
        }
    }

    private static func usesSplit(_ body: HTTPRouterPlan.Body) -> Bool {
        switch body {
        case .text(let text):
            ["${weight.", "${percent.", "${basis_points."].contains { text.replacing(" ", with: "").contains($0) }
        case .list(let items): items.contains(where: usesSplit)
        case .object(let members): members.contains { usesSplit($0.value) || usesSplit(.text($0.name)) }
        case .null, .bool, .number: false
        }
    }

    static func driver(_ plan: EtcdPlan, _ setup: DriverSetup) throws(RouterPlanError) -> any RouterDriver {
        try EtcdDriver(
            plan: plan, release: setup.release, versions: setup.versions, transport: setup.transport,
            secrets: setup.secrets, aim: setup.aim)
    }
}
