import CCurl
import Glibc
import Model
import Ports

/// What libcurl says about a transfer that failed, and what that means to the caller.
struct TransferFailure {
    let code: CURLcode
    /// libcurl's own message.
    let detail: String
    let refusal: Intake.Refusal?
    /// False when the failure came before the request was begun: then the server cannot have acted on it.
    let wasSent: Bool

    func error(_ request: PreparedRequest) -> TransportError {
        let address = request.shownAddress
        if let refusal { return refused(refusal, request) }
        switch code {
        case CURLE_OPERATION_TIMEDOUT:
            guard !wasSent else { return .timedOut(address: address, afterMs: request.timeoutMs) }
            return .connectFailed(address: address, reason: "no connection within \(request.connectTimeoutMs) ms")
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED:
            return .connectFailed(address: address, reason: reason)
        case CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION, CURLE_NOT_BUILT_IN:
            return .unusable("\(address): \(reason)")
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ENGINE_INITFAILED,
            CURLE_SSL_CIPHER:
            return .unusable("\(address): \(Self.fileProblem(request.security) ?? reason)")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            return .tls(address: address, reason: reason)
        case CURLE_SSL_CONNECT_ERROR:
            // A reset in the middle of a handshake is a network's fault and may pass; a refusal will not.
            return isCut ? .connectFailed(address: address, reason: reason) : .tls(address: address, reason: reason)
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR:
            // With TLS 1.3 the server refuses a client certificate only after the handshake, as an alert.
            return detail.contains("alert")
                ? .tls(address: address, reason: reason) : .broken(address: address, reason: reason)
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
            return .broken(address: address, reason: "the answer is not HTTP (\(reason))")
        case CURLE_BAD_CONTENT_ENCODING:
            return .broken(address: address, reason: "its transfer encoding cannot be decoded: \(reason)")
        case CURLE_GOT_NOTHING:
            return .broken(address: address, reason: "closed without an answer")
        default:
            return .broken(address: address, reason: reason)
        }
    }

    private func refused(_ refusal: Intake.Refusal, _ request: PreparedRequest) -> TransportError {
        let address = request.shownAddress
        return switch refusal {
        case .bodyTooLarge: .bodyTooLarge(address: address, limitBytes: request.bodyLimitBytes)
        case .headersTooLarge:
            .broken(address: address, reason: "its headers are larger than \(Intake.headerLimitBytes) bytes")
        case .tooMuchAtOnce:
            .broken(address: address, reason: "the answers under way take all the memory that they may take together")
        case .receiverEnded: .broken(address: address, reason: "the receiver ended the request")
        case .undecodable(let encoding, let reason):
            .broken(address: address, reason: Self.undecodable(encoding, reason))
        }
    }

    /// Which file of the client's TLS cannot be read. libcurl's own text is of a later, other failure at times.
    private static func fileProblem(_ security: ClientSecurity) -> String? {
        let files = [
            ("client certificate", security.certificateFile), ("key of the client certificate", security.keyFile),
            ("certificate of the authority", security.caFile),
        ]
        for (what, path) in files {
            guard let path, access(path, R_OK) != 0 else { continue }
            return "the \(what) \(path) cannot be read: \(String(cString: strerror(errno)))"
        }
        guard let path = security.certificateFile else { return nil }
        return "the client certificate \(path), or its key, cannot be used"
    }

    private static func undecodable(_ encoding: String, _ reason: String) -> String {
        guard !encoding.isEmpty else {
            return "its body begins like gzip and cannot be decoded: \(line(reason, limit: 200))"
        }
        return "its content encoding '\(line(encoding, limit: 60))' cannot be decoded: \(line(reason, limit: 200))"
    }

    private var isCut: Bool {
        detail.contains("SSL_ERROR_SYSCALL") || detail.contains("reset by peer") || detail.contains("unexpected eof")
    }

    /// One line, at most 200 characters.
    private var reason: String { Self.line(detail, limit: 200) }

    private static func line(_ text: String, limit: Int) -> String {
        text.unicodeScalars.prefix(limit).map { $0.value < 0x20 || $0.value == 0x7F ? " " : String($0) }.joined()
    }
}
