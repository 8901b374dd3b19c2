import Foundation
import ReleaseKernel
import Rulebook
import Testing

/// The ready files of docs/routers and the examples of docs/reference/routers.md load.
struct RouterTemplateTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The sample with another router.
    private static func load(_ block: String) -> Rulebook.Result {
        let indented = block.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
        return Sample.load(
            Sample.changed(
                "    router: {kind: gray, instances: [\"http://127.0.0.1:9412\"]}",
                to: indented.joined(separator: "\n")))
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test(arguments: ["nginx-plus", "kong", "apisix"])
    func aReadyFileLoads(_ name: String) throws {
        let result = Self.load(try Self.text("docs/routers/\(name).yaml"))
        let plan = try #require(result.plan, "\(result.mistakes)")
        guard case .http(let router) = plan.releases[0].router else {
            Issue.record("\(name) is no http router")
            return
        }
        #expect(router.readBack != nil)
    }

    @Test func everyExampleOfTheReferenceLoads() throws {
        let blocks = try Self.text("docs/reference/routers.md").components(separatedBy: "```yaml\n").dropFirst()
            .map { $0.components(separatedBy: "```")[0] }.filter { $0.hasPrefix("router:") && !$0.contains("STEP") }
        #expect(blocks.count >= 12)
        for block in blocks {
            let result = Self.load(block)
            #expect(result.plan != nil, "\(result.mistakes) in\n\(block)")
        }
    }
}
