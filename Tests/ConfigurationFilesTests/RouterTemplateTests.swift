import ConfigurationFiles
import Foundation
import Routers
import Testing

/// The ready files of docs/routers and the examples of docs/reference/routers.md load.
struct RouterTemplateTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The sample with another router.
    private static func configuration(_ block: String) -> String {
        let indented = block.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
        return Sample.changed(
            "    router: {kind: gray, instances: [\"http://127.0.0.1:9412\"]}", to: indented.joined(separator: "\n"))
    }

    private static func load(_ block: String) -> Rulebook.Result { Sample.load(configuration(block)) }

    /// Configurations with the routers that the documentation shows.
    static func configurations() throws -> [String] {
        let ready = try readyFiles.map { try text("docs/routers/\($0).yaml") }
        return try (ready + examples()).map(configuration)
    }

    private static let readyFiles = ["nginx-plus", "kong", "apisix"]

    private static func examples() throws -> [String] {
        try text("docs/reference/routers.md").components(separatedBy: "```yaml\n").dropFirst()
            .map { $0.components(separatedBy: "```")[0] }.filter { $0.hasPrefix("router:") && !$0.contains("STEP") }
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test(arguments: readyFiles)
    func aReadyFileLoads(_ name: String) throws {
        let result = Self.load(try Self.text("docs/routers/\(name).yaml"))
        let plan = try #require(result.plan, "\(result.errors)")
        let router = try #require(plan.releases[0].router.settings as? HTTPRouterPlan)
        #expect(router.readBack != nil)
    }

    @Test func everyExampleOfTheReferenceLoads() throws {
        let blocks = try Self.examples()
        #expect(blocks.count >= 12)
        for block in blocks {
            let result = Self.load(block)
            #expect(result.plan != nil, "\(result.errors) in\n\(block)")
        }
    }
}
