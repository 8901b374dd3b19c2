package import Model

/// TLS and credentials of clients: scrapes, receivers and routers take the same two fields.
extension Setting {
    package static func security(
        _ path: WritableKeyPath<Root, ClientSecurity>, _ folder: ConfigurationFolder
    ) -> [Setting] {
        [
            tls(path, folder),
            .optional(
                "auth", path.appending(path: \.authorization), AuthorizationDraft.form(folder),
                "[TLS and credentials](configuration.md#tls-and-credentials)"),
        ]
    }

    package static func tls(
        _ path: WritableKeyPath<Root, ClientSecurity>, _ folder: ConfigurationFolder
    ) -> Setting {
        let section = ClientTLS.section(folder)
        return Setting(
            names: ["tls"], summary: "mapping", shownDefault: .text("none"),
            sentence: "[TLS and credentials](configuration.md#tls-and-credentials)",
            properties: [("tls", .shared("tls", section.schema))],
            read: { fields, root in
                if let field = fields["tls"] { section.read(field, into: &root[keyPath: path]) }
                return true
            },
            write: { [("tls", section.tree($0[keyPath: path]))] })
    }
}

/// `tls` of a client.
package enum ClientTLS {
    package static func section(_ folder: ConfigurationFolder) -> Section<ClientSecurity> {
        Section(
            owner: "'tls'", blank: ClientSecurity(),
            settings: [
                .optional(
                    "ca_file", \.caFile, .path(folder), shownDefault: "the system's authorities",
                    "authorities that the server's certificate may come from (PEM)"),
                .optional(
                    "cert_file", \.certificateFile, .path(folder), "certificate of the client (PEM); needs `key_file`"),
                .optional("key_file", \.keyFile, .path(folder), "its key (PEM)"),
                .value(
                    "insecure_skip_verify", \.insecureSkipVerify, .bool, "accept any certificate; for tests only"),
            ],
            finish: { _, fields in
                if fields.has("cert_file") != fields.has("key_file") {
                    fields.fail("'tls' needs 'cert_file' and 'key_file' together")
                }
                return true
            })
    }
}

/// `auth`: exactly one of its forms.
package struct AuthorizationDraft {
    package struct Basic {
        package var user = ""
        package var password: SecretReference?
    }

    package struct Header {
        package var name = ""
        package var value: SecretReference?
    }

    package var bearer: SecretReference?
    package var basic: Basic?
    package var header: Header?

    package static func form(_ folder: ConfigurationFolder) -> ValueForm<Authorization> {
        let section = section(folder)
        return section.form(hasOwnTable: true)
            .mapped({ draft, _ in draft.authorization }, back: AuthorizationDraft.init)
            .described("mapping") { .shared("auth", section.schema) }
    }

    package static func section(_ folder: ConfigurationFolder) -> Section<AuthorizationDraft> {
        Section(
            owner: "'auth'", blank: AuthorizationDraft(),
            settings: [
                .secret("bearer", \.bearer, folder, "a token, sent as `Authorization: Bearer …`"),
                .optional("basic", \.basic, basic(folder).form(), "a user with a password"),
                .optional("header", \.header, header(folder).form(), "a header of your own"),
            ], exactlyOne: [["bearer_file", "bearer_env", "basic", "header"]])
    }

    private static func basic(_ folder: ConfigurationFolder) -> Section<Basic> {
        let user = ValueForm.line().checked { user, field in
            guard user.contains(":") else { return user }
            field.fail("'user' must not have a ':' in it")
            return nil
        }
        return Section(
            owner: "'basic'", blank: Basic(),
            settings: [
                .required("user", \.user, user, "name of the user"),
                .secret("password", \.password, folder, "its password"),
            ], exactlyOne: [["password_file", "password_env"]])
    }

    private static func header(_ folder: ConfigurationFolder) -> Section<Header> {
        let name = ValueForm.line().checked { name, field in
            if NameRules.isHeader(name) { return name }
            field.fail("\(Quote.value(name)) is not a valid header name")
            return nil
        }
        return Section(
            owner: "'header'", blank: Header(),
            settings: [
                .required("name", \.name, name, "name of the header"),
                .secret("value", \.value, folder, "its value"),
            ], exactlyOne: [["value_file", "value_env"]])
    }

    private var authorization: Authorization? {
        if let bearer { return .bearer(bearer) }
        if let basic, let password = basic.password { return .basic(user: basic.user, password: password) }
        if let header, let value = header.value { return .header(name: header.name, value: value) }
        return nil
    }
}

extension AuthorizationDraft {
    package init(_ authorization: Authorization) {
        switch authorization {
        case .bearer(let reference): bearer = reference
        case .basic(let user, let password): basic = Basic(user: user, password: password)
        case .header(let name, let value): header = Header(name: name, value: value)
        }
    }
}
