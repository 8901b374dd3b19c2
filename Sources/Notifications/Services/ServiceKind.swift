import Declarations
import Model
import Ports

/// A kind of receiver that takes one HTTP call per message. It says which call to make and what the answer means; both are
/// pure, so that a table of recorded answers tests them.
protocol ServiceKind: DeliveringReceiverKind {
    /// Whether the body of an answer decides; then it has to arrive whole.
    static var readsBody: Bool { get }

    /// The calls that bring the message, in order; none for a message that this kind does not send. Every attempt makes the
    /// same calls, except for what is signed with the time.
    static func calls(_ content: MessageContent, _ site: ServiceSite<Settings>) throws(SecretError) -> [ServiceCall]

    /// What an answer to one of the calls means.
    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning

    /// The same where it depends on the configuration.
    static func meaning(_ answer: ServiceAnswer, _ settings: Settings) -> AnswerMeaning
}

extension ServiceKind {
    static var readsBody: Bool { true }

    static var isReadByPeople: Bool { true }

    static func meaning(_ answer: ServiceAnswer, _ settings: Settings) -> AnswerMeaning { meaning(answer) }

    static func templateProblem(_ template: String) -> TemplateProblem? { MessageTemplates.reported(template) }

    static func receiver(_ plan: ReceiverPlan, _ settings: Settings, _ setup: ReceiverSetup) -> any Receiver {
        ServiceReceiver<Self>(plan: plan, settings: settings, setup: setup)
    }
}

/// One HTTP call to a service.
struct ServiceCall: Sendable {
    var method = "POST"
    var url: String
    var headers: [TextPair] = []
    var body: Body

    enum Body: Sendable {
        case json(JSONTree)
        /// Ready bytes with their media type.
        case bytes([UInt8], type: String)
    }

    init(_ url: String, _ body: JSONTree, method: String = "POST", headers: [TextPair] = []) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = .json(body)
    }

    init(_ url: String, _ bytes: [UInt8], type: String, headers: [TextPair] = []) {
        self.url = url
        self.headers = headers
        body = .bytes(bytes, type: type)
    }

    var contentType: String {
        switch body {
        case .json: "application/json; charset=utf-8"
        case .bytes(_, let type): type
        }
    }

    /// - Throws: `EncodingError` for a number that is not finite.
    func bytes() throws -> [UInt8] {
        switch body {
        case .json(let tree): try JSONBody.encode(tree)
        case .bytes(let bytes, _): bytes
        }
    }
}

/// What a call is made of, beside the message.
struct ServiceSite<Settings: ReceiverSettings>: Sendable {
    let plan: ReceiverPlan
    let settings: Settings
    /// The receiver's address, without a slash at its end.
    let address: String
    /// Of this attempt, milliseconds since the epoch.
    let nowWallMs: Int64
    let delivery: Delivery
    let externalURL: String?
    /// What an earlier call about the same subject was answered with; nil for the first one.
    let handle: MessageHandle?
    let secrets: any SecretStore

    /// The secret, read at each attempt.
    func secret(_ reference: SecretReference?) throws(SecretError) -> String? {
        guard let reference else { return nil }
        return try secrets.secret(reference)
    }

    /// The secret of a field that the configuration requires.
    func needed(_ reference: SecretReference?) throws(SecretError) -> String { try secret(reference) ?? "" }

    /// A key of the subject that no other daemon uses: the journal's identity comes first.
    func key(_ subject: String) -> String {
        let ending = "-\(delivery.notification.sequence)-\(delivery.receiver)"
        let identity = delivery.id.hasSuffix(ending) ? String(delivery.id.dropLast(ending.count)) : delivery.id
        return "\(identity)/\(subject)"
    }

    /// The address with further members of its query.
    func address(adding members: [(String, String)]) -> String {
        let query = members.map { "\($0)=\(PercentEncoding.component($1))" }.joined(separator: "&")
        return address + (address.contains("?") ? "&" : "?") + query
    }
}

/// RFC 3986, section 2.1.
enum PercentEncoding {
    /// Everything except unreserved characters is encoded, once.
    static func component(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { shown, byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                shown.unicodeScalars.append(Unicode.Scalar(byte))
            default: shown += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }

    /// `application/x-www-form-urlencoded`.
    static func form(_ members: [(String, String)]) -> [UInt8] {
        Array(members.map { "\(component($0))=\(component($1))" }.joined(separator: "&").utf8)
    }
}
