import Foundation
import Model
import Ports
import Synchronization
import Testing

@testable import Daemon
@testable import Notifications

/// A server of Slack's API that takes every message.
private final class Chat: HTTPTransport {
    let urls = Mutex<[String]>([])

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        urls.withLock { $0.append(request.url) }
        return HTTPResponse(status: 200, headers: [], body: Array(#"{"ok":true,"channel":"C1","ts":"17.1"}"#.utf8))
    }
}

private struct NoSecrets: SecretStore {
    func secret(_ reference: SecretReference) throws(SecretError) -> String { throw .unsetVariable(name: "x") }
}

/// The daemon's file of message handles: what happens to it costs a new message at most, never a delivery.
@Suite("The file of message handles")
struct MessageFilesTests {
    private static func folder() throws -> String {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("handles-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.path
    }

    /// The last parts of the addresses that two processes of the daemon call, one after the other.
    private static func calls(
        in folder: String, between: () throws -> Void = {}
    ) async throws -> [String] {
        let chat = Chat()
        for (event, number) in [(Notification.Event.rollbackIntended, 1), (.rollbackAcknowledged, 2)] {
            if number == 2 { try between() }
            let receiver = ReceiverKinds.receiver(
                ReceiverPlan(
                    name: "chat", kind: ReceiverPlan.Kind(SlackKind.Settings(channel: "C1")), url: "https://s.example"),
                ReceiverSetup(
                    transport: chat, secrets: NoSecrets(), memory: MessageFiles(directory: folder), externalURL: nil,
                    clock: { 0 }))
            let notification = Notification(
                sequence: UInt64(number), event: event, atWallMs: 5, release: "checkout", baselineVersion: "v1",
                canaryVersion: "v2", incident: "checkout-1", summary: "s")
            let delivery = Delivery(id: "j-\(number)-chat", receiver: "chat", notification: notification)
            #expect(await receiver.deliver(delivery) == .delivered)
        }
        return chat.urls.withLock { $0 }.map { String($0.split(separator: "/").last ?? "") }
    }

    @Test func theNextProcessChangesTheMessageAndTheFileIsForTheDaemonAlone() async throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(try await Self.calls(in: folder) == ["chat.postMessage", "chat.update"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["messages-chat.json"])
        let rights = try FileManager.default.attributesOfItem(atPath: folder + "/messages-chat.json")
        #expect(rights[.posixPermissions] as? Int == 0o600)
    }

    /// What is not ours, damaged, cut, or too large.
    @Test(arguments: [
        "", "x", "[{\"subject\":1}]", "[{\"subject\":\"incident:checkout-1\"", String(repeating: " ", count: 2 << 20),
    ])
    func aFileThatIsDamagedCostsANewMessage(_ text: String) async throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let calls = try await Self.calls(in: folder) {
            try text.write(toFile: folder + "/messages-chat.json", atomically: false, encoding: .utf8)
        }
        #expect(calls == ["chat.postMessage", "chat.postMessage"])
    }

    @Test func aPipeInItsPlaceBlocksNothing() async throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(mkfifo(folder + "/messages-chat.json", 0o600) == 0)
        #expect(try await Self.calls(in: folder) == ["chat.postMessage", "chat.update"], "the first save replaces it")
    }

    @Test func aFolderThatIsMissingOrAFullDiskCostsANewMessage() async throws {
        #expect(try await Self.calls(in: "/nowhere/at/all") == ["chat.postMessage", "chat.postMessage"])
        guard let disk = try SmallDisk() else { return }
        try disk.fill()
        #expect(try await Self.calls(in: disk.path) == ["chat.postMessage", "chat.postMessage"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == ["fill"], "no half file is left")
        try disk.empty()
        #expect(try await Self.calls(in: disk.path) == ["chat.postMessage", "chat.update"])
    }
}
