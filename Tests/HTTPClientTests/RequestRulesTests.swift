import HTTPClient
import Model
import Ports
import Testing

struct RequestRulesTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var request: HTTPRequest
        var text: String
        var testDescription: String { text }
    }

    private static let url = "http://127.0.0.1:1/"

    @Test(arguments: [
        Row(request: HTTPRequest(method: "", url: url), text: "\"\" is not an HTTP method that can be sent"),
        Row(
            request: HTTPRequest(method: "GET /x\r\n", url: url),
            text: "\"GET /x??\" is not an HTTP method that can be sent"),
        Row(
            request: HTTPRequest(method: "CONNECT", url: url),
            text: "\"CONNECT\" is not an HTTP method that can be sent"),
        Row(request: HTTPRequest(method: "HEAD", url: url, body: []), text: "a HEAD request cannot carry a body"),
        Row(
            request: HTTPRequest(url: url, headers: [TextPair("A\r\nB", "1")]), text: "\"A??B\" is not a header name"),
        Row(request: HTTPRequest(url: url, headers: [TextPair("A:", "1")]), text: "\"A:\" is not a header name"),
        Row(
            request: HTTPRequest(url: url, headers: [TextPair("A", "s3cret\r\nB: 2")]),
            text: "the value of header A holds a line break or another control character"),
        Row(
            request: HTTPRequest(url: url, headers: [TextPair("A", "x\0y")]),
            text: "the value of header A holds a line break or another control character"),
        Row(
            request: HTTPRequest(url: url, headers: [TextPair("content-length", "1")]),
            text: "the header content-length is set by the transport and cannot be given"),
        Row(
            request: HTTPRequest(url: url, timeoutMs: 0),
            text: "timeouts must be positive: a request without a limit could hang for ever"),
        Row(request: HTTPRequest(url: url, bodyLimitBytes: -1), text: "the body limit cannot be negative"),
        Row(
            request: HTTPRequest(url: url, security: ClientSecurity(keyFile: "/k")),
            text: "a client key was given without its certificate; set certificate_file too"),
        Row(
            request: HTTPRequest(url: url, unixSocket: ""), text: "\"\" is not a unix socket path of 1 to 107 bytes"),
        Row(request: HTTPRequest(url: "/metrics"), text: "\"/metrics\" is not a usable URL: Bad scheme"),
        Row(request: HTTPRequest(url: "http://"), text: "\"http://\" is not a usable URL: No host part in the URL"),
        Row(
            request: HTTPRequest(url: "file:///etc/passwd"),
            text: "file:///etc/passwd is neither http nor https; only these two are spoken"),
        Row(
            request: HTTPRequest(url: "http://127.0.0.1:70000/"),
            text:
                "\"http://127.0.0.1:70000/\" is not a usable URL: Port number was not a decimal number between 0 and 65535"
        ),
        Row(
            request: HTTPRequest(url: "http://a b/"), text: "\"http://a b/\" is not a usable URL: Bad hostname"),
    ])
    func aRequestThatCannotBeSentSaysWhy(row: Row) async throws {
        let error = try await withTransport { await $0.failure(row.request) }
        #expect(error == .unusable(row.text))
        #expect(error?.isWorthRetrying == false)
    }
}
