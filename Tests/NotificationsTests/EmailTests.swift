import Foundation
import Glibc
import HTTPClient
import Model
import Ports
import Testing

@testable import Notifications

/// Takes every mail and keeps it; answers as it is asked to.
private final class ScriptedMail: MailTransport {
    let outcome: MailOutcome
    private let kept = Kept()

    private actor Kept {
        var mails: [OutgoingMail] = []

        func add(_ mail: OutgoingMail) { mails.append(mail) }
    }

    init(_ outcome: MailOutcome) { self.outcome = outcome }

    var mails: [OutgoingMail] { get async { await kept.mails } }

    func send(_ mail: OutgoingMail) async -> MailOutcome {
        await kept.add(mail)
        return outcome
    }
}

private func email(
    _ mail: any MailTransport, server: String = "smtp://mail.example:587", startTLS: EmailKind.StartTLS = .required,
    security: ClientSecurity = ClientSecurity()
) -> any Receiver {
    let settings = EmailKind.Settings(
        server: server, sender: "rollguard@example.org", recipients: ["ops@example.org", "lead@example.org"],
        startTLS: startTLS)
    return ReceiverKinds.receiver(
        ReceiverPlan(name: "mail", kind: ReceiverPlan.Kind(settings), url: "", security: security),
        ReceiverSetup(
            transport: ScriptedTransport([.status(500)]), secrets: FixedSecret(text: "pass"), mail: mail,
            externalURL: "http://rollguard.example", clock: { 0 }))
}

private func delivery(
    _ event: Model.Notification.Event = .rollbackAbandoned, _ change: (inout Model.Notification) -> Void = { _ in }
) -> Delivery {
    var notification = Model.Notification.sample(event)
    change(&notification)
    return Delivery(id: "ab12cd34-2-mail", receiver: "mail", notification: notification)
}

@Suite("Mail")
struct EmailTests {
    private static func content(_ delivery: Delivery) async throws -> String {
        let mail = ScriptedMail(.accepted)
        #expect(await email(mail).deliver(delivery) == .delivered)
        return String(decoding: try #require(await mail.mails.first).content, as: UTF8.self)
    }

    @Test func aMailHasATextAndAnHTMLPartAndTheHeadersOfAutomaticMail() async throws {
        let text = try await Self.content(delivery())
        for line in [
            "Date: Tue, 14 Nov 2023 22:13:20 +0000", "From: Rollguard <rollguard@example.org>",
            "To: <ops@example.org>,\r\n <lead@example.org>",
            "Subject: [rollguard] checkout: v2 against v1 (checkout-2)",
            "Message-ID: <ab12cd34-2-mail@example.org>", "Auto-Submitted: auto-generated", "Importance: high",
            "Content-Type: text/plain; charset=utf-8", "Content-Type: text/html; charset=utf-8",
        ] { #expect(text.contains(line + "\r\n"), "\(line)") }
    }

    /// SMTP smuggling, refused lines and lost dots.
    @Test(arguments: ["plain", "a\n.\nb", "x\r\n.\r\nMAIL FROM:<>", String(repeating: "灰", count: 5_000), ".", "= ="])
    func noLineIsLongAndNoneIsForged(_ summary: String) async throws {
        let text = try await Self.content(
            delivery { ($0.summary, $0.release, $0.canaryVersion) = (summary, summary, "v\r\nBcc: x@example.org") })
        #expect(!text.replacing("\r\n", with: "").contains { $0 == "\r" || $0 == "\n" || $0 == "\r\n" })
        for line in text.components(separatedBy: "\r\n") {
            #expect(line.utf8.count <= 500 && !line.hasPrefix(".") && !line.hasPrefix("Bcc:"), "\(line)")
            #expect(line.utf8.allSatisfy { (0x20...0x7E).contains($0) })
        }
        #expect(text.utf8.count < 100_000)
    }

    @Test func theMailsOfAnIncidentAreOneConversation() async throws {
        func header(_ name: String, _ text: String) -> String? {
            text.components(separatedBy: "\r\n").first { $0.hasPrefix(name) }
        }
        let begin = try await Self.content(delivery(.rollbackIntended))
        let end = try await Self.content(delivery(.rollbackAcknowledged))
        for name in ["Subject:", "References:"] { #expect(header(name, begin) == header(name, end)) }
        let other = try await Self.content(delivery(.rollbackIntended) { $0.incident = "checkout-9" })
        #expect(header("References:", begin) != header("References:", other))
        #expect(try await Self.content(delivery(.rollbackIntended)) == begin)
    }

    @Test(arguments: [
        ("checkout", "checkout"), ("ä", "=?utf-8?B?w6Q=?="), ("a =?b", "=?utf-8?B?YSA9P2I=?="),
    ])
    func headersAreEncodedWhereTheyHaveTo(_ text: String, _ encoded: String) {
        #expect(MailHeader.encoded(text) == encoded)
    }

    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 +0000"), (-1, "Wed, 31 Dec 1969 23:59:59 +0000"),
            (1_709_210_096_000, "Thu, 29 Feb 2024 12:34:56 +0000"),
        ] as [(Int64, String)])
    func datesAreThoseOfTheStandard(_ wallMs: Int64, _ text: String) { #expect(MailDate.text(wallMs: wallMs) == text) }

    @Test(arguments: [
        (MailOutcome.accepted, "delivered"), (.failed(reason: "x"), "retry"),
        (.replied(code: 451, reason: "x"), "retry"),
        (.replied(code: 550, reason: "x"), "refused"), (.replied(code: 535, reason: "x"), "gone"),
        (.replied(code: 530, reason: "x"), "gone"),
    ])
    func repliesMeanWhatTheStandardSays(_ outcome: MailOutcome, _ expected: String) async {
        let found = await email(ScriptedMail(outcome)).deliver(delivery())
        switch found {
        case .delivered: #expect(expected == "delivered")
        case .refused: #expect(expected == "refused")
        case .retry(_, let wish): #expect(expected == (wish == AnswerMeaning.goneMs ? "gone" : "retry"))
        }
    }
}

/// aiosmtpd in a process of its own, gone with its test.
private final class MailServer {
    static let python = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent(".routers-venv/bin/python3").path
    static var isInstalled: Bool {
        let program = URL(fileURLWithPath: python).deletingLastPathComponent().appendingPathComponent("aiosmtpd").path
        return FileManager.default.isExecutableFile(atPath: program)
    }

    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("mail-\(UUID().uuidString)")
    private let process = Process()
    private(set) var port = 0

    var certificate: String { folder.appendingPathComponent("cert.pem").path }

    private static let script = """
        import asyncio, json, ssl, sys
        from aiosmtpd.smtp import SMTP, AuthResult
        folder, mode = sys.argv[1:3]
        class Handler:
            async def handle_RCPT(self, server, session, envelope, address, options):
                if mode == 'unknown-recipient' and address.startswith('lead'): return '550 no such user'
                if mode == 'greylist': return '451 try later'
                envelope.rcpt_tos.append(address)
                return '250 OK'
            async def handle_DATA(self, server, session, envelope):
                mail = {'from': envelope.mail_from, 'to': envelope.rcpt_tos, 'tls': session.ssl is not None,
                        'login': session.authenticated, 'content': envelope.content.decode()}
                with open(folder + '/mails', 'a') as file: file.write(json.dumps(mail) + '\\n')
                return '250 taken'
        def login(server, session, envelope, mechanism, data):
            return AuthResult(success=data.password == b'pass', handled=False)
        context = None
        if mode != 'no-tls':
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder + '/cert.pem', folder + '/key.pem')
        def make():
            if mode == 'login':
                return SMTP(Handler(), tls_context=context, authenticator=login, auth_required=True)
            return SMTP(Handler(), tls_context=context)
        async def main():
            server = await asyncio.get_running_loop().create_server(make, '127.0.0.1', 0)
            with open(folder + '/port.new', 'w') as file: file.write(str(server.sockets[0].getsockname()[1]))
            import os; os.rename(folder + '/port.new', folder + '/port')
            await server.serve_forever()
        asyncio.run(main())
        """

    init(_ mode: String) async throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let request = [
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem",
        ]
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        (openssl.arguments, openssl.currentDirectoryURL) = (request, folder)
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        process.executableURL = URL(fileURLWithPath: Self.python)
        process.arguments = ["-c", Self.script, folder.path, mode]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let file = folder.appendingPathComponent("port")
        for _ in 0..<1_000 where port == 0 {
            port = (try? String(contentsOf: file, encoding: .utf8)).flatMap { Int($0) } ?? 0
            if port == 0 { try await Task.sleep(for: .milliseconds(20)) }
        }
    }

    var mails: [[String: Any]] {
        let text = (try? String(contentsOf: folder.appendingPathComponent("mails"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }
}

@Suite("A real mail server", .enabled(if: MailServer.isInstalled, "aiosmtpd is not installed: scripts/setup.sh test"))
struct MailServerTests {
    private static func send(
        _ server: MailServer, trusts: Bool = true, login: Bool = false, startTLS: EmailKind.StartTLS = .required,
        password: String = "pass"
    ) async -> DeliveryOutcome {
        var security = ClientSecurity(caFile: trusts ? server.certificate : nil)
        if login { security.authorization = .basic(user: "rg", password: .file("/run/mail.password")) }
        let transport = CurlMail(secrets: FixedSecret(text: password))
        return await email(
            transport, server: "smtp://127.0.0.1:\(server.port)", startTLS: startTLS, security: security
        ).deliver(delivery())
    }

    @Test func aMailArrivesOverTLSWithEveryRecipientAndEveryByte() async throws {
        let server = try await MailServer("tls")
        #expect(await Self.send(server) == .delivered)
        let mail = try #require(server.mails.first)
        #expect(mail["tls"] as? Bool == true && mail["from"] as? String == "rollguard@example.org")
        #expect(mail["to"] as? [String] == ["ops@example.org", "lead@example.org"])
        let sent = ScriptedMail(.accepted)
        _ = await email(sent).deliver(delivery())
        let bytes = try #require(await sent.mails.first).content
        #expect(mail["content"] as? String == String(decoding: bytes, as: UTF8.self))
    }

    @Test func aServerWithoutTLSGetsNothing() async throws {
        let server = try await MailServer("no-tls")
        guard case .retry = await Self.send(server) else { return #expect(Bool(false), "it was sent") }
        #expect(server.mails.isEmpty)
        #expect(await Self.send(server, startTLS: .off) == .delivered)
        #expect(server.mails.first?["tls"] as? Bool == false)
    }

    @Test func aCertificateThatIsNotTrustedGetsNothing() async throws {
        let server = try await MailServer("tls")
        guard case .retry = await Self.send(server, trusts: false) else { return #expect(Bool(false), "it was sent") }
        #expect(server.mails.isEmpty)
    }

    @Test func theLoginIsUsedAndAWrongPasswordIsNamed() async throws {
        let server = try await MailServer("login")
        #expect(await Self.send(server, login: true) == .delivered)
        #expect(server.mails.first?["login"] as? Bool == true)
        let outcome = await Self.send(server, login: true, password: "wrong-password")
        guard case .retry(let reason, AnswerMeaning.goneMs) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason.contains("535") && !reason.contains("wrong-password"))
    }

    /// libcurl alone would send the mail without a login.
    @Test func aServerThatOffersNoLoginGetsNothing() async throws {
        let server = try await MailServer("no-tls")
        let outcome = await Self.send(server, login: true, startTLS: .off)
        guard case .retry(let reason, nil) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason.contains("no login") && server.mails.isEmpty)
    }

    @Test func aRefusedRecipientRefusesTheMailAndALaterOneIsTriedAgain() async throws {
        guard case .refused(let reason) = await Self.send(try await MailServer("unknown-recipient")) else {
            Issue.record("it was sent")
            return
        }
        #expect(reason.contains("550"))
        guard case .retry(_, nil) = await Self.send(try await MailServer("greylist")) else {
            Issue.record("it was not tried again")
            return
        }
    }

    @Test func aServerThatIsNotThereIsTriedAgain() async {
        let outcome = await email(CurlMail(secrets: FixedSecret(text: "x")), server: "smtp://127.0.0.1:1")
            .deliver(delivery())
        guard case .retry = outcome else { return #expect(Bool(false), "\(outcome)") }
    }
}
