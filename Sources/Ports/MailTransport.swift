public import Model

/// Sends one mail over SMTP. HTTPClient implements it.
///
/// Implementations verify TLS unless configured otherwise, never send a mail in the clear that requires TLS, never send it without
/// the login that it asks for, and ignore proxy environment variables.
public protocol MailTransport: Sendable {
    /// Returns within ``OutgoingMail/timeoutMs``; each call has a connection of its own.
    func send(_ mail: OutgoingMail) async -> MailOutcome
}

/// One mail; the limits are part of it.
public struct OutgoingMail: Sendable {
    /// `smtp://host:587` or `smtps://host:465`.
    public var server: String
    /// Envelope addresses without angle brackets.
    public var sender: String
    /// Never empty; one mail goes to all of them.
    public var recipients: [String]
    /// Headers and body with CRLF as line ends.
    public var content: [UInt8]
    /// Whether `smtp` has to become TLS by STARTTLS; `smtps` is TLS from the beginning.
    public var requiresTLS: Bool
    /// The authorities and the client's certificate; its `authorization` has to be `basic`, for the login.
    public var security: ClientSecurity
    /// Everything from name lookup to the last reply.
    public var timeoutMs: Int64

    public init(
        server: String, sender: String, recipients: [String], content: [UInt8], requiresTLS: Bool,
        security: ClientSecurity, timeoutMs: Int64
    ) {
        self.server = server
        self.sender = sender
        self.recipients = recipients
        self.content = content
        self.requiresTLS = requiresTLS
        self.security = security
        self.timeoutMs = timeoutMs
    }
}

/// What became of a mail.
public enum MailOutcome: Sendable, Equatable {
    /// The server has it.
    case accepted
    /// The server's last reply refused something: its code (400...599) and what it was about.
    case replied(code: Int, reason: String)
    /// There was no reply that decides: no connection, no TLS, a time limit, a secret that cannot be read. The server may
    /// have the mail when the connection broke at the end.
    case failed(reason: String)
}
