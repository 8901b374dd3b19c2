import CCurl
import Model
import Ports

/// One libcurl easy handle with its buffers, used for one transfer after another. Belongs to the transfer thread.
final class EasyHandle {
    let raw: UnsafeMutableRawPointer
    private let intake: UnsafeMutablePointer<Intake>
    private let errorText: UnsafeMutablePointer<CChar>
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var destinationList: UnsafeMutablePointer<curl_slist>?
    private var refusedOption: TransportError?
    /// Whose options are set; nil when the next request has to set all of them: also after a failure or a new
    /// connection, because only a reset takes back what libcurl counts for its second tries on stale connections.
    private var last: PreparedRequest?

    /// Nil when there is no memory.
    init?(bodies: BodyPool) {
        guard let raw = curl_easy_init() else { return nil }
        self.raw = raw
        intake = .allocate(capacity: 1)
        intake.initialize(to: Intake(easy: raw, bodies: bodies))
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(raw)
        curl_slist_free_all(headerList)
        curl_slist_free_all(destinationList)
        intake.deinitialize(count: 1)
        intake.deallocate()
        errorText.deallocate()
    }

    /// Sets every option, or only the address and the times where nothing else differs from the request before: the
    /// scrapes of a release are alike, and thirty options are a good part of a scrape. Connections and the DNS cache
    /// are the multi handle's and stay.
    ///
    /// - Throws: ``TransportError/unusable(_:)`` when libcurl refuses an option: continuing without, say, verification
    ///   would be worse than not going.
    func prepare(
        _ request: PreparedRequest, remainingMs: Int64, userAgent: String, slot: Int, keepsNames: Bool
    ) throws(TransportError) {
        let isAlike = last?.differsOnlyInAddress(from: request) ?? false
        last = nil
        refusedOption = nil
        errorText[0] = 0
        intake.pointee.begin(limitBytes: request.bodyLimitBytes, receiver: request.receiver)
        if !isAlike {
            curl_easy_reset(raw)
            setReception(slot: slot)
            setConnection(request)
            setDestination(request)
            setTLS(request.security)
            setMethod(request)
            setHeaders(request, userAgent: userAgent)
        }
        setAddress(request, remainingMs: remainingMs, keepsNames: keepsNames)
        if let refusedOption { throw refusedOption }
    }

    /// The transfer is over: the part of a body that has no recipient any more is returned to the pool.
    func rest() { intake.pointee.rest() }

    /// The answer, or why there is none.
    func outcome(_ code: CURLcode, _ request: PreparedRequest) -> Result<HTTPResponse, TransportError> {
        var status = 0
        _ = rg_get_long(raw, CURLINFO_RESPONSE_CODE, &status)
        guard code == CURLE_OK, intake.pointee.endBody() else {
            // What follows the headers cannot change what the status says.
            let isAnswered = request.isStatusEnough && intake.pointee.hasHeaders && status >= 200
            guard isAnswered else { return .failure(failure(code, request).error(request)) }
            return .success(intake.pointee.response(status: status))
        }
        var newConnections = 0
        _ = rg_get_long(raw, CURLINFO_NUM_CONNECTS, &newConnections)
        if newConnections == 0 { last = request }
        var response = intake.pointee.response(status: status)
        if request.unixSocket == nil { response.peer = peer }
        return .success(response)
    }

    /// A connection to an address of this machine comes from the same address, or from another one of the loopback
    /// network.
    private var peer: String? {
        guard let address = text(CURLINFO_PRIMARY_IP), !address.isEmpty else { return nil }
        var port = 0
        _ = rg_get_long(raw, CURLINFO_PRIMARY_PORT, &port)
        let isHere = address.hasPrefix("127.") || address == text(CURLINFO_LOCAL_IP)
        return "\(isHere ? "localhost" : address):\(port)"
    }

    private func text(_ info: CURLINFO) -> String? {
        var text: UnsafePointer<CChar>?
        guard rg_get_text(raw, info, &text) == CURLE_OK else { return nil }
        return text.map { String(cString: $0) }
    }

    private func failure(_ code: CURLcode, _ request: PreparedRequest) -> TransferFailure {
        var startedMicroseconds: curl_off_t = 0
        _ = rg_get_size(raw, CURLINFO_PRETRANSFER_TIME_T, &startedMicroseconds)
        // Without a descriptor neither a name can be looked up nor a socket opened.
        let isConnecting = [CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST].contains(code)
        let exhaustion = isConnecting ? OpenFileLimit.exhaustion : nil
        let detail = exhaustion ?? errorDetail(code)
        return TransferFailure(
            code: code, detail: detail, refusal: intake.pointee.refusal,
            wasSent: startedMicroseconds > 0 || request.isRedirected)
    }

    /// libcurl's own message.
    private func errorDetail(_ code: CURLcode) -> String {
        errorText[0] == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
    }
}

// MARK: - Options

extension EasyHandle {
    private func setReception(slot: Int) {
        set(CURLOPT_ERRORBUFFER, pointer: errorText)
        set(CURLOPT_PRIVATE, pointer: UnsafeMutableRawPointer(bitPattern: slot))
        note(CURLOPT_WRITEFUNCTION, rg_set_receiver(raw, CURLOPT_WRITEFUNCTION, receiveBodyBytes))
        set(CURLOPT_WRITEDATA, pointer: intake)
        note(CURLOPT_HEADERFUNCTION, rg_set_receiver(raw, CURLOPT_HEADERFUNCTION, receiveHeaderBytes))
        set(CURLOPT_HEADERDATA, pointer: intake)
    }

    /// http and https, straight to the address: no proxy from the environment, no `file://`.
    private func setConnection(_ request: PreparedRequest) {
        note(CURLOPT_OPENSOCKETFUNCTION, rg_keep_sockets_from_children(raw))
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_PROXY, "")
        if let socket = request.unixSocket { set(CURLOPT_UNIX_SOCKET_PATH, socket) }
        set(CURLOPT_NOSIGNAL, 1)
        // A transfer that is given up while its name is looked up would wait for the name server, and all others with
        // it.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_TCP_KEEPIDLE, 30)
        set(CURLOPT_TCP_KEEPINTVL, 10)
        // CURLOPT_ACCEPT_ENCODING stays unset: bodies are decoded by ``BodyDecoder``, because libcurl accepts a
        // compressed body that is cut off.
    }

    private func setDestination(_ request: PreparedRequest) {
        curl_slist_free_all(destinationList)
        destinationList = nil
        guard let destination = request.destination else { return }
        destinationList = curl_slist_append(nil, destination.option)
        guard destinationList != nil else { return note(CURLOPT_CONNECT_TO, CURLE_OUT_OF_MEMORY) }
        note(CURLOPT_CONNECT_TO, rg_set_list(raw, CURLOPT_CONNECT_TO, destinationList))
    }

    /// - Parameter keepsNames: names were looked up on this transport, and stay known for a minute.
    private func setAddress(_ request: PreparedRequest, remainingMs: Int64, keepsNames: Bool) {
        set(CURLOPT_URL, request.address.url)
        set(CURLOPT_TIMEOUT_MS, Int(max(1, remainingMs)))
        set(CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, min(remainingMs, request.connectTimeoutMs))))
        // libcurl keeps addresses like names it has looked up, and walks through all of them after each transfer, which
        // for hundreds of targets is another good part. Keeping none would throw the names away as well.
        set(CURLOPT_DNS_CACHE_TIMEOUT, keepsNames ? 60 : 0)
    }

    private func setTLS(_ security: ClientSecurity) {
        set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        set(CURLOPT_SSL_VERIFYPEER, security.insecureSkipVerify ? 0 : 1)
        set(CURLOPT_SSL_VERIFYHOST, security.insecureSkipVerify ? 0 : 2)
        if let path = security.caFile { set(CURLOPT_CAINFO, path) }
        // libcurl would use a CA file for a day once it has read it; a rotated one should take effect soon.
        set(CURLOPT_CA_CACHE_TIMEOUT, 60)
        guard let certificate = security.certificateFile else { return }
        set(CURLOPT_SSLCERT, certificate)
        set(CURLOPT_SSLKEY, security.keyFile ?? certificate)
        // Without a pass phrase OpenSSL would ask for one on the terminal and hold up every transfer.
        set(CURLOPT_KEYPASSWD, "")
    }

    private func setMethod(_ request: PreparedRequest) {
        if request.method == "HEAD" {
            set(CURLOPT_NOBODY, 1)
        } else if request.body != nil || ["POST", "PUT", "PATCH"].contains(request.method) {
            // Also without a body: these announce a length of 0, which some servers insist on (RFC 9110, section 8.6).
            set(CURLOPT_POST, 1)
            setBody(request.body ?? [])
            if request.method != "POST" { set(CURLOPT_CUSTOMREQUEST, request.method) }
        } else {
            set(CURLOPT_HTTPGET, 1)
            if request.method != "GET" { set(CURLOPT_CUSTOMREQUEST, request.method) }
        }
    }

    /// libcurl takes a copy, so the bytes need not outlive the call.
    private func setBody(_ body: [UInt8]) {
        note(CURLOPT_POSTFIELDSIZE_LARGE, rg_set_size(raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
        guard !body.isEmpty else { return set(CURLOPT_COPYPOSTFIELDS, "") }
        body.withUnsafeBytes { bytes in
            set(CURLOPT_COPYPOSTFIELDS, pointer: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
        }
    }

    private func setHeaders(_ request: PreparedRequest, userAgent: String) {
        curl_slist_free_all(headerList)
        headerList = nil
        set(CURLOPT_USERAGENT, userAgent)
        for header in request.headers { add(header) }
        switch request.credential {
        case nil: break
        case .header(let header): add(header)
        case .basic(let user, let password):  // libcurl's default scheme is Basic
            set(CURLOPT_USERNAME, user)
            set(CURLOPT_PASSWORD, password)
        }
        // libcurl would add these by itself: a wait for "100 Continue", and a form's content type.
        append("Expect:")
        if !request.hasHeader("content-type") { append("Content-Type:") }
        if request.acceptsCompression, !request.hasHeader("accept-encoding") { append("Accept-Encoding: gzip") }
        note(CURLOPT_HTTPHEADER, rg_set_list(raw, CURLOPT_HTTPHEADER, headerList))
    }

    /// `Name;` is libcurl's spelling for a header without a value; `Name:` would remove it.
    private func add(_ header: TextPair) {
        let isEmpty = header.value.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 }
        append(isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
    }

    private func append(_ line: String) {
        guard let grown = curl_slist_append(headerList, line) else {
            return note(CURLOPT_HTTPHEADER, CURLE_OUT_OF_MEMORY)
        }
        headerList = grown
    }

    private func set(_ option: CURLoption, _ value: Int) { note(option, rg_set_long(raw, option, value)) }

    private func set(_ option: CURLoption, _ value: String) { note(option, rg_set_text(raw, option, value)) }

    private func set(_ option: CURLoption, pointer: UnsafeMutableRawPointer?) {
        note(option, rg_set_pointer(raw, option, pointer))
    }

    private func note(_ option: CURLoption, _ code: CURLcode) {
        guard code != CURLE_OK, refusedOption == nil else { return }
        let reason = String(cString: curl_easy_strerror(code))
        refusedOption = .unusable("this libcurl refuses option \(option.rawValue): \(reason)")
    }
}
