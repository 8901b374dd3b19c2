import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import HTTPServing

/// In virtual time: what becomes of a connection whose request is answered early.
struct UnfinishedRequestLimitTests {
    private static let head = HTTPRequestPart.head(
        HTTPRequest(method: .post, scheme: "http", authority: "localhost", path: "/"))
    private static let body = HTTPRequestPart.body(ByteBuffer(string: "x"))

    private let channel = EmbeddedChannel()

    init() throws {
        try channel.pipeline.syncOperations.addHandler(UnfinishedRequestLimit(limit: .seconds(2)))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func receive(_ parts: HTTPRequestPart...) throws { for part in parts { try channel.writeInbound(part) } }

    private func answer() throws {
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
    }

    private func isOpen(after seconds: Int64) -> Bool {
        channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
        return channel.isActive
    }

    @Test func aRequestThatWasAnsweredEarlyHasAShortTimeLeft() throws {
        try receive(Self.head, Self.body)
        try answer()
        #expect(isOpen(after: 1))
        try receive(Self.body)
        #expect(!isOpen(after: 1))
    }

    @Test func aRequestThatEndsInTimeKeepsItsConnection() throws {
        try receive(Self.head)
        try answer()
        try receive(Self.body, .end(nil))
        #expect(isOpen(after: 10))
        try receive(Self.head, .end(nil))
        try answer()
        #expect(isOpen(after: 10))
    }

    @Test func aRequestThatIsNotAnsweredYetIsNotLimited() throws {
        try receive(Self.head, Self.body)
        #expect(isOpen(after: 100))
    }

    @Test func theAnswerOfAnEarlierRequestDoesNotLimitTheNextOne() throws {
        try receive(Self.head, .end(nil), Self.head, Self.body)
        try answer()
        #expect(isOpen(after: 100))
        try answer()
        #expect(!isOpen(after: 2))
    }
}
