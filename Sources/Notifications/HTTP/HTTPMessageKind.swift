import Declarations
import Model
import Ports
import Templates

/// Any HTTP service: a body of one's own, whose texts are templates.
enum HTTPMessageKind: ServiceKind {
    enum Method: String, Sendable, CaseIterable {
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
    }

    struct Settings: ReceiverSettings {
        static let kind = "http"
        var method = Method.post
        var body: MessageBody?
        /// JSON pointers and the texts that have to be there in the answer.
        var required: [TextPair] = []
    }

    static let sentence = "is any HTTP service, with a `body` of one's own"
    static let blank = Settings()
    static let isReadByPeople = false
    static let requiredFields = [["body"]]

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [
            .value("method", \.method, .choice(Method.self), "of the call"),
            .optional(
                "body", \.body, MessageBody.form,
                "what is sent: a mapping or a list becomes JSON, a text is sent as it is. Each text in it is a "
                    + "[template](receivers.md#templates)"),
            .pairs(
                "require", \.required, summary: "mapping of JSON pointers to texts",
                "what the answer must say besides its status: `{/ok: \"true\"}`"
            ) { fields in
                (fields["require"]?.pairs() ?? []).compactMap { name, _, field in
                    field.line(limit: 200).map { TextPair(name, $0) }
                }
            },
        ]
    }

    static func calls(_ content: MessageContent, _ site: ServiceSite<Settings>) -> [ServiceCall] {
        guard let body = site.settings.body else { return [] }
        let data = MessageData.value(content, receiver: site.plan.name, externalURL: site.externalURL)
        let method = site.settings.method.rawValue
        if case .text(let template) = body {
            let text = filled(template, data, content)
            var call = ServiceCall(site.address, Array(text.utf8), type: "text/plain; charset=utf-8")
            call.method = method
            return [call]
        }
        return [ServiceCall(site.address, tree(body, data, content), method: method)]
    }

    private static func tree(
        _ body: MessageBody, _ data: TemplateValue, _ content: MessageContent
    ) -> JSONTree {
        switch body {
        case .text(let template): .text(filled(template, data, content))
        case .number(let number): .number(number)
        case .flag(let flag): .flag(flag)
        case .null: .null
        case .list(let list): .list(list.map { tree($0, data, content) })
        case .mapping(let members):
            .object(members.reduce(into: [:]) { $0[$1.name] = tree($1.value, data, content) })
        }
    }

    /// The message goes out in any case: what failed is in the place of the text.
    private static func filled(_ template: String, _ data: TemplateValue, _ content: MessageContent) -> String {
        do throws(TemplateError) { return try MessageTemplates.filled(template, data, content.notification) } catch {
            let ready = MarkUp.verbatim.text("\(content.headline): \(content.summary)", limit: .bytes(2_000))
            return "\(ready) (the template failed: \(error.reason))"
        }
    }

    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning { .ofStatus(answer, gone: [401, 403, 410]) }

    static func meaning(_ answer: ServiceAnswer, _ settings: Settings) -> AnswerMeaning {
        let byStatus = meaning(answer)
        guard case .delivered = byStatus, !settings.required.isEmpty else { return byStatus }
        guard let json = answer.json else { return .notUnderstood(answer) }
        for required in settings.required where json.text(at: required.name) != required.value {
            return .refused(
                "it answered with status \(answer.status), and \(required.name) is not \(required.value): "
                    + answer.line)
        }
        return byStatus
    }
}

/// The body of a call as a configuration has it; its texts are templates.
indirect enum MessageBody: Sendable, Equatable {
    struct Member: Sendable, Equatable {
        let name: String
        let value: MessageBody
    }

    case text(String)
    case number(Double)
    case flag(Bool)
    case null
    case list([MessageBody])
    case mapping([Member])
}

extension MessageBody {
    private static let depthLimit = 20

    static var form: ValueForm<MessageBody> {
        ValueForm(
            summary: "text, mapping or list", schema: .anything, read: { read($0, depth: 0) }, write: \.tree)
    }

    private static func read(_ field: Field, depth: Int) -> MessageBody? {
        guard depth < depthLimit else {
            field.fail("'body' is nested more than \(depthLimit) deep")
            return nil
        }
        switch field.value.content {
        case .mapping:
            let pairs = field.pairs() ?? []
            let members = pairs.compactMap { name, _, field in
                read(field, depth: depth + 1).map { Member(name: name, value: $0) }
            }
            return members.count == pairs.count ? .mapping(members) : nil
        case .list:
            guard let entries = field.entries(of: "values") else { return nil }
            let values = entries.compactMap { read($0, depth: depth + 1) }
            return values.count == entries.count ? .list(values) : nil
        case .text(let text, let style): return leaf(text, style, field)
        default: return field.value.isNothing ? .null : nil
        }
    }

    private static func leaf(_ text: String, _ style: YAMLValue.Style, _ field: Field) -> MessageBody? {
        if style == .plain {
            if text == "true" || text == "false" { return .flag(text == "true") }
            if let number = Double(text), number.isFinite, text.first?.isNumber == true || text.hasPrefix("-") {
                return .number(number)
            }
        }
        guard let problem = MessageTemplates.problem(text) else { return .text(text) }
        let place = TextPlaces(field.value)?.place(problem.offset) ?? field.place
        field.log.error(place, "the template cannot be used: \(problem.reason)")
        return nil
    }

    var tree: YAMLTree {
        switch self {
        case .text(let text): .text(text)
        case .number(let number): .plain(PlainNumber.text(number))
        case .flag(let flag): .plain("\(flag)")
        case .null: .plain("null")
        case .list(let list): .list(list.map(\.tree))
        case .mapping(let members): .mapping(members.map { ($0.name, $0.value.tree) })
        }
    }
}

extension JSONTree {
    /// The value at a JSON pointer (RFC 6901) as a text; nil where there is none.
    func text(at pointer: String) -> String? {
        var value = self
        for part in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let name = part.replacing("~1", with: "/").replacing("~0", with: "~")
            if case .list(let list) = value, let index = Int(name), list.indices.contains(index) {
                value = list[index]
            } else if let member = value[String(name)] {
                value = member
            } else {
                return nil
            }
        }
        switch value {
        case .flag(let flag): return flag ? "true" : "false"
        case .null: return "null"
        case .number, .text: return value.string ?? value.double.map { "\($0)" }
        case .list, .object: return nil
        }
    }
}
