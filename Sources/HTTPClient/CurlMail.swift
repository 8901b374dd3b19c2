import CCurl
import Foundation
import Model
package import Ports

/// SMTP by libcurl, one connection per mail. Mails are rare, so each transfer has a thread of its own for its time; it is
/// bounded by the mail's limit.
package struct CurlMail: MailTransport {
    private let secrets: any SecretStore

    package init(secrets: any SecretStore) { self.secrets = secrets }

    package func send(_ mail: OutgoingMail) async -> MailOutcome {
        let login: (user: String, password: String)?
        switch mail.security.authorization {
        case nil: login = nil
        case .basic(let user, let reference):
            do throws(SecretError) { login = (user, try secrets.secret(reference)) } catch {
                return .failed(reason: "\(error)")
            }
        case .bearer, .header: return .failed(reason: "mail servers take 'auth' with 'basic' only")
        }
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: MailTransfer(mail, login: login).run()) }
        }
    }
}

/// One transfer, on one thread.
private final class MailTransfer {
    private let mail: OutgoingMail
    private let login: (user: String, password: String)?
    private var easy: UnsafeMutableRawPointer?
    private var recipients: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private var refusedOption = CURLE_OK
    private var sent = 0
    /// The server said 235: it has taken the login.
    private var isLoggedIn = false

    init(_ mail: OutgoingMail, login: (user: String, password: String)?) {
        self.mail = mail
        self.login = login
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(recipients)
        errorText.deallocate()
    }

    func run() -> MailOutcome {
        easy = curl_easy_init()
        guard easy != nil else { return .failed(reason: "there is no memory for a mail") }
        if rg_keep_sockets_from_children(easy) != CURLE_OK { return .failed(reason: "libcurl takes no socket of ours") }
        setEnvelope()
        setConnection()
        setCallbacks()
        guard refusedOption == CURLE_OK else {
            return .failed(reason: "libcurl refuses an option: \(String(cString: curl_easy_strerror(refusedOption)))")
        }
        return outcome(curl_easy_perform(easy))
    }

    private func outcome(_ code: CURLcode) -> MailOutcome {
        guard code != CURLE_OK else { return .accepted }
        if code == CURLE_ABORTED_BY_CALLBACK {
            return .failed(reason: "the mail server offers no login, and 'auth' asks for one; nothing was sent")
        }
        let detail = errorText[0] == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
        var reply = 0
        _ = rg_get_long(easy, CURLINFO_RESPONSE_CODE, &reply)
        return (400...599).contains(reply) ? .replied(code: reply, reason: detail) : .failed(reason: detail)
    }

    private func setEnvelope() {
        set(CURLOPT_URL, mail.server)
        set(CURLOPT_MAIL_FROM, "<\(mail.sender)>")
        for recipient in mail.recipients {
            guard let grown = curl_slist_append(recipients, "<\(recipient)>") else {
                return note(CURLE_OUT_OF_MEMORY)
            }
            recipients = grown
        }
        note(rg_set_list(easy, CURLOPT_MAIL_RCPT, recipients))
        set(CURLOPT_UPLOAD, 1)
        note(rg_set_size(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(mail.content.count)))
        if let login {
            set(CURLOPT_USERNAME, login.user)
            set(CURLOPT_PASSWORD, login.password)
        }
    }

    private func setConnection() {
        set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        set(CURLOPT_PROXY, "")
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_TIMEOUT_MS, Int(max(1, mail.timeoutMs)))
        set(CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, min(2_000, mail.timeoutMs))))
        // `CURLUSESSL_TRY` would send in the clear where the server offers no TLS.
        set(CURLOPT_USE_SSL, mail.requiresTLS ? Int(CURLUSESSL_ALL.rawValue) : Int(CURLUSESSL_NONE.rawValue))
        let security = mail.security
        set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        set(CURLOPT_SSL_VERIFYPEER, security.insecureSkipVerify ? 0 : 1)
        set(CURLOPT_SSL_VERIFYHOST, security.insecureSkipVerify ? 0 : 2)
        if let path = security.caFile { set(CURLOPT_CAINFO, path) }
        guard let certificate = security.certificateFile else { return }
        set(CURLOPT_SSLCERT, certificate)
        set(CURLOPT_SSLKEY, security.keyFile ?? certificate)
        set(CURLOPT_KEYPASSWD, "")
    }

    private func setCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        note(rg_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
        note(rg_set_receiver(easy, CURLOPT_READFUNCTION, readMail))
        note(rg_set_pointer(easy, CURLOPT_READDATA, context))
        note(rg_set_receiver(easy, CURLOPT_HEADERFUNCTION, noteReply))
        note(rg_set_pointer(easy, CURLOPT_HEADERDATA, context))
        note(rg_set_receiver(easy, CURLOPT_WRITEFUNCTION, dropBytes))
    }

    /// The next bytes of the content. libcurl sends a mail without a login where the server offers none; here it ends
    /// before the first byte instead.
    func read(into bytes: UnsafeMutablePointer<CChar>, capacity: Int) -> Int {
        if login != nil, !isLoggedIn { return Int(CURL_READFUNC_ABORT) }
        let count = min(capacity, mail.content.count - sent)
        for index in 0..<count { bytes[index] = CChar(bitPattern: mail.content[sent + index]) }
        sent += count
        return count
    }

    /// A line of the server's replies.
    func note(reply bytes: UnsafeMutablePointer<CChar>, count: Int) {
        guard count >= 3 else { return }
        let code = [bytes[0], bytes[1], bytes[2]].map { UInt8(bitPattern: $0) }
        if code.elementsEqual("235".utf8) { isLoggedIn = true }
    }

    private func set(_ option: CURLoption, _ value: String) { note(rg_set_text(easy, option, value)) }

    private func set(_ option: CURLoption, _ value: Int) { note(rg_set_long(easy, option, value)) }

    private func note(_ code: CURLcode) { if code != CURLE_OK, refusedOption == CURLE_OK { refusedOption = code } }
}

private let readMail: rg_receiver = { bytes, size, count, context in
    guard let bytes, let context else { return Int(CURL_READFUNC_ABORT) }
    return Unmanaged<MailTransfer>.fromOpaque(context).takeUnretainedValue().read(into: bytes, capacity: size * count)
}

private let noteReply: rg_receiver = { bytes, size, count, context in
    if let bytes, let context {
        Unmanaged<MailTransfer>.fromOpaque(context).takeUnretainedValue().note(reply: bytes, count: size * count)
    }
    return size * count
}

private let dropBytes: rg_receiver = { _, size, count, _ in size * count }
