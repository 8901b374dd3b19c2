import HTTPServing
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix

/// A small HTTP/1.1 server for routers that poll. Bounded in connections, bodies and idle time; no call changes anything.
enum PullServer {
    static let bodyLimitBytes = 1 << 20
    private static let idleTimeout = TimeAmount.minutes(5)

    /// - Throws: why the address cannot be listened on.
    static func open(host: String, port: Int, documents: ServedDocuments) async throws -> RunningServer {
        try await RunningServer.start(
            PullResponder(documents: documents), host: host, port: port,
            limits: ServerLimits.http1(idleTimeout: idleTimeout))
    }
}

private struct PullContext: InitializableFromSource, Sendable {
    init(source: ApplicationRequestContextSource) {}
}

/// Finds the document of a path. Hummingbird's router is not used: documents come and go with the drivers, and a path means a file
/// exactly as it is written.
private struct PullResponder: HTTPResponder {
    let documents: ServedDocuments

    func respond(to request: Request, context: PullContext) async -> Response {
        await answer(to: request).response(isHead: request.method == .head)
    }

    private func answer(to request: Request) async -> PullAnswer {
        guard let document = documents.document(at: request.uri.path) else {
            return .text(404, "nothing is served at \(ShownText.line(request.uri.path, limit: 100))")
        }
        let body: [UInt8]
        do throws(BodyFailure) {
            body = try await BoundedBody.read(request, limitBytes: PullServer.bodyLimitBytes)
        } catch { return .unread(error) }
        let asked = PullRequest(method: request.method.rawValue, body: body)
        // Reading the file waits for the disk, which Swift's own threads must not.
        let answer = try? await NIOThreadPool.singleton.runIfActive { document.answer(asked) }
        return answer ?? .text(503, "the daemon is ending")
    }
}

extension PullAnswer {
    fileprivate static func unread(_ failure: BodyFailure) -> PullAnswer {
        switch failure {
        case .tooLarge: .text(413, "the body has more than \(PullServer.bodyLimitBytes) bytes")
        case .tooSlow: .text(408, "the body did not arrive in \(BoundedBody.timeout)")
        case .broken: .text(400, "the body could not be read")
        }
    }

    /// 304 has neither a body nor fields about one.
    fileprivate func response(isHead: Bool) -> Response {
        let status = HTTPTypes.HTTPResponse.Status(code: self.status)
        guard self.status != 304 else { return Response(status: status) }
        var fields: HTTPFields = [.contentType: contentType]
        guard isHead else {
            return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
        }
        fields[.contentLength] = "\(body.count)"
        return Response(status: status, headers: fields, body: ResponseBody())
    }
}
