import NIOCore
import NIOHTTP1

/// One request's way to a server and its answer's way back. Lives on its connection's event loop.
///
/// Back-pressure: the client's socket is read only while the server's accepts bytes, and the other way round. So at most
/// one read and one write buffer (64 kB each) are held per direction, however long the body is.
final class Exchange {
    private unowned let client: ClientConnection
    private let shared: ProxyShared
    /// The configuration that the request began with.
    private let settings: ProxySettings
    private let pool: UpstreamPool
    let request: HTTPRequestHead
    let version: Version
    private let startedAt = NIODeadline.now()

    private var upstream: UpstreamConnection?
    private var tried: [Backend] = []
    private var retriesLeft = 1
    /// Parts that came before the server accepted the connection: what one read brought, at most.
    private var waiting: [HTTPServerRequestPart] = []
    private(set) var requestEnded = false
    private var bodyWasSent = false
    private var interimResponses = 0
    private var responseStatus: UInt?
    private var upstreamKeepsAlive = false
    private var clientKeepsAlive = false
    private var hasBody = false
    private(set) var isOver = false

    init(_ request: HTTPRequestHead, version: Version, client: ClientConnection, pool: UpstreamPool) {
        self.request = request
        self.version = version
        self.client = client
        self.pool = pool
        shared = client.shared
        settings = client.settings
    }

    // MARK: finding a server

    func begin() {
        client.deadline.clear()
        connect()
    }

    private func connect() {
        let group = settings.group(version)
        // With one server alone, a second attempt is worth it only when a kept connection had gone stale.
        guard let backend = group.next(except: tried) ?? tried.last else { return fail(.badGateway, "no server") }
        tried.append(backend)
        if retriesLeft == 1, let idle = pool.take(backend) { return attach(idle) }
        pool.connect(backend, within: settings.connectTimeout) { [self] result in
            switch result {
            case .success(let connection) where isOver: pool.put(connection)
            case .success(let connection): attach(connection)
            case .failure(let error): connectFailed(error)
            }
        }
    }

    private func connectFailed(_ error: any Error) {
        guard !isOver else { return }
        if retriesLeft > 0, settings.group(version).backends.count > 1 {
            retriesLeft -= 1
            return connect()
        }
        if case ChannelError.connectTimeout = error {
            fail(.gatewayTimeout, "the server did not accept a connection in time")
        } else {
            fail(.badGateway, "the server does not accept connections")
        }
    }

    private func attach(_ connection: UpstreamConnection) {
        upstream = connection
        connection.begin(self)
        connection.write(.head(HeaderRules.upstream(request, peer: client.peer, backend: connection.backend)))
        let parts = waiting
        waiting = []
        for part in parts { send(part) }
        connection.flush()
        connection.read()
        if requestEnded { awaitResponse() } else { client.deadline.set(in: settings.idleTimeout) }
        client.readIfWanted()
    }

    // MARK: the request

    /// Whether more of the request should be read from the client now.
    var wantsRequestBytes: Bool { !isOver && !requestEnded && (upstream?.isWritable ?? false) }

    func requestBody(_ bytes: ByteBuffer) { accept(.body(bytes)) }

    func requestEnd(_ trailers: HTTPHeaders?) {
        requestEnded = true
        accept(.end(trailers))
        if upstream != nil, responseStatus == nil { awaitResponse() }
    }

    private func accept(_ part: HTTPServerRequestPart) {
        guard !isOver else { return }
        if upstream == nil { waiting.append(part) } else { send(part) }
    }

    private func send(_ part: HTTPServerRequestPart) {
        switch part {
        case .head: break
        case .body(let bytes):
            bodyWasSent = true
            progress()
            upstream?.write(.body(.byteBuffer(bytes)))
        case .end(let trailers):
            upstream?.write(.end(HeaderRules.trailers(trailers)))
        }
    }

    func clientReadComplete() { upstream?.flush() }

    func upstreamBecameWritable() { client.readIfWanted() }

    private func awaitResponse() {
        guard responseStatus == nil else { return }
        client.deadline.set(in: settings.responseTimeout)
    }

    private func progress() {
        if !requestEnded || responseStatus != nil { client.deadline.set(in: settings.idleTimeout) }
    }

    // MARK: the response

    func responseHead(_ head: HTTPResponseHead) {
        guard head.status.code >= 200 else { return interim(head) }
        responseStatus = head.status.code
        // A server that answers before it has the whole request may not want the rest: both connections end with this.
        clientKeepsAlive = request.isKeepAlive && requestEnded && !client.isQuiescing
        upstreamKeepsAlive = head.isKeepAlive && head.version.isOneOne && isDelimited(head)
        let (downstream, framing) = HeaderRules.downstream(
            head, to: request, version: settings.name(version), keepAlive: clientKeepsAlive)
        if framing == .close { clientKeepsAlive = false }
        hasBody = framing != .none
        client.write(.head(downstream))
        progress()
    }

    /// A response without a length ends with its connection, which cannot be used again then.
    private func isDelimited(_ head: HTTPResponseHead) -> Bool {
        let code = head.status.code
        return request.method == .HEAD || code == 204 || code == 304 || head.headers.contains(name: "content-length")
            || head.headers.contains(name: "transfer-encoding")
    }

    /// 100 Continue, 103 Early Hints: passed on to clients that know them. 101 cannot be, since upgrades are refused.
    private func interim(_ head: HTTPResponseHead) {
        interimResponses += 1
        guard head.status.code != 101, interimResponses <= ProxyLimits.interimResponses else {
            return fail(.badGateway, "the server sent an interim answer that was not asked for")
        }
        guard request.version.isOneOne else { return }
        let (downstream, _) = HeaderRules.downstream(
            head, to: request, version: settings.name(version), keepAlive: true)
        client.write(.head(downstream))
        client.flush()
    }

    func responseBody(_ bytes: ByteBuffer) {
        progress()
        if hasBody { client.write(.body(.byteBuffer(bytes))) }
    }

    func upstreamReadComplete() {
        client.flush()
        if client.isWritable { upstream?.read() }
    }

    func clientBecameWritable() {
        progress()
        upstream?.read()
    }

    func responseEnd(_ trailers: HTTPHeaders?) {
        guard let status = responseStatus else { return }
        finish(code: status)
        upstream?.end(isReusable: upstreamKeepsAlive && requestEnded)
        upstream = nil
        client.endResponse(trailers: HeaderRules.trailers(trailers), keepAlive: clientKeepsAlive)
    }

    // MARK: what can go wrong

    func upstreamLost() {
        guard !isOver else { return }
        let wasStale = upstream?.wasUsed ?? false
        upstream = nil
        if responseStatus != nil { return abort() }
        // A kept connection may have been closed by its server while the request was on its way. Sending it again is safe
        // when the method says so (RFC 9110, section 9.2.2) and none of its body is gone.
        let isRepeatable = [.GET, .HEAD, .PUT, .DELETE, .OPTIONS, .TRACE].contains(request.method)
        if wasStale, isRepeatable, !bodyWasSent, retriesLeft > 0 {
            retriesLeft -= 1
            waiting = requestEnded ? [.end(nil)] : []
            return connect()
        }
        fail(.badGateway, "the server closed the connection without an answer")
    }

    func deadlinePassed() {
        guard responseStatus == nil else { return abort() }
        if requestEnded {
            fail(.gatewayTimeout, "the server did not answer in time")
        } else if upstream?.isWritable == false {
            fail(.gatewayTimeout, "the server did not take the request in time")
        } else {
            refuse(.requestTimeout, "the request did not arrive in time")
        }
    }

    /// Something was wrong with the client's bytes in mid-request.
    func refuse(_ status: HTTPResponseStatus, _ reason: String) {
        guard responseStatus == nil else { return abort() }
        end(code: Int(status.code))
        client.answer(status, reason, version: settings.name(version), keepAlive: false)
    }

    func clientGone() {
        guard !isOver else { return }
        // nginx's code for a client that did not wait for its answer.
        end(code: 499)
    }

    /// The router's own 502 or 504. The canary's users are not sent to the baseline instead: whoever watches would see a
    /// healthy canary.
    private func fail(_ status: HTTPResponseStatus, _ reason: String) {
        guard responseStatus == nil else { return abort() }
        shared.metrics.failed(settings.counter(version))
        let keepAlive = request.isKeepAlive && requestEnded && !client.isQuiescing
        end(code: Int(status.code))
        client.answer(status, reason, version: settings.name(version), keepAlive: keepAlive)
    }

    /// The answer has begun and cannot be completed: the client learns it by its connection being closed.
    private func abort() {
        end(code: Int(responseStatus ?? 502))
        client.abort()
    }

    private func end(code: Int) {
        finish(code: UInt(code))
        upstream?.close()
        upstream = nil
        waiting = []
    }

    private func finish(code: UInt) {
        guard !isOver else { return }
        isOver = true
        client.deadline.clear()
        let seconds = Double((NIODeadline.now() - startedAt).nanoseconds) / 1e9
        shared.metrics.finished(settings.counter(version), code: Int(code), seconds: seconds)
    }
}
