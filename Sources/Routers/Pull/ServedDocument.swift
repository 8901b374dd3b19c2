/// A request to the daemon's own small server.
struct PullRequest: Sendable {
    let method: String
    let body: [UInt8]
}

struct PullAnswer: Sendable, Equatable {
    var status: Int
    var contentType = "text/plain; charset=utf-8"
    var body: [UInt8] = []

    static func text(_ status: Int, _ text: String) -> PullAnswer {
        PullAnswer(status: status, body: Array((text + "\n").utf8))
    }
}

/// What is served at one path.
protocol ServedDocument: AnyObject, Sendable {
    /// The file behind it; one path serves one file.
    var file: String { get }
    /// May read the disk: it is called on a thread for that.
    func answer(_ request: PullRequest) -> PullAnswer
}

/// A file as it is: Traefik's HTTP provider takes YAML and JSON.
final class ServedFile: ServedDocument {
    let file: String

    init(file: String) { self.file = file }

    func answer(_ request: PullRequest) -> PullAnswer {
        guard request.method == "GET" || request.method == "HEAD" else {
            return .text(405, "only GET; the split is not changed from here")
        }
        do throws(Refusal) {
            let text = try WeightedFile.text(file)
            let type = text.drop(while: \.isWhitespace).first == "{" ? "application/json" : "application/yaml"
            return PullAnswer(status: 200, contentType: type, body: Array(text.utf8))
        } catch {
            // Not an empty configuration: the router keeps what it has when it gets an error.
            return .text(503, ShownText.line(error.detail))
        }
    }
}
