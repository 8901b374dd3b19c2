import Foundation
import Logging
import Testing

@testable import Daemon

@Suite("The key of the gates' tokens")
struct GateTokensTests {
    private static func folder() throws -> String {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.path
    }

    private static func tokens(_ directory: String?) -> GateTokens {
        GateTokens(
            journal: "3f9a", directory: directory, logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("A token outlives the process: its key is in the state folder, for the daemon alone")
    func restart() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let token = try #require(Self.tokens(folder).token(gate: "g"))
        #expect(Self.tokens(folder).isValid(token, gate: "g"))
        #expect(!Self.tokens(folder).isValid(token, gate: "h"))
        let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/gate.key")
        #expect(attributes[.posixPermissions] as? Int == 0o600 && attributes[.size] as? Int == 32)
    }

    @Test("Without a place for the key there is no token, and none is valid")
    func noKey() {
        for directory in [nil, "/nowhere/at/all"] {
            #expect(Self.tokens(directory).token(gate: "g") == nil)
            #expect(!Self.tokens(directory).isValid(String(repeating: "0", count: 64), gate: "g"))
        }
    }

    @Test("A key that was cut is replaced, and old tokens are void")
    func damaged() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let token = try #require(Self.tokens(folder).token(gate: "g"))
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: folder + "/gate.key"))
        #expect(!Self.tokens(folder).isValid(token, gate: "g"))
        #expect(Self.tokens(folder).token(gate: "g") != token)
    }
}
