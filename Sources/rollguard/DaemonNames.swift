import API
import ArgumentParser
import Foundation
import HTTPClient
import Model
import Ports

/// Names that the running daemon knows, for completion in shells. Without a daemon there are none.
enum DaemonNames {
    static let releases = CompletionKind.custom { (_: [String], _: Int, prefix: String) async -> [String] in
        await status().map { $0.units.map(\.name) + $0.releases.map(\.name) }?.filter { $0.hasPrefix(prefix) } ?? []
    }

    static let incidents = CompletionKind.custom { (_: [String], _: Int, prefix: String) async -> [String] in
        await status()?.incidents.map(\.id).filter { $0.hasPrefix(prefix) } ?? []
    }

    /// Whoever waits for a completion waits at the keyboard.
    private static let timeoutMs: Int64 = 1_000

    private static func status() async -> StatusDocument? {
        guard let api = try? DaemonAddress.parse([]).open() else { return nil }
        return try? await api.get("/api/v1/status", as: StatusDocument.self, timeoutMs: timeoutMs)
    }
}
