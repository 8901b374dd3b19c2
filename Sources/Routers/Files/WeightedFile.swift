import Foundation
import Model
import NIOPosix
import Synchronization
import SystemSupport

/// A file of the router's whose weights are changed in place, put there by a rename so that no program reads half of
/// it.
struct WeightedFile: Sendable {
    let path: String
    let place: WeightedText.Place
    let pools: PoolPair

    init(path: String, place: WeightedText.Place, pools: PoolPair) throws(RouterPlanError) {
        guard path.utf8.count <= 4_000, !path.isEmpty, HeaderRules.isValue(path) else {
            throw RouterPlanError("the file \"\(ShownText.line(path, limit: 120))\" is no path")
        }
        guard !path.hasSuffix(".toml") else {
            throw RouterPlanError("the file \(ShownText.line(path, limit: 200)) must be YAML or JSON, not TOML")
        }
        self.path = path
        self.place = place
        self.pools = pools
    }

    /// Two releases may share a file; between reading and renaming no other driver of this process may change it.
    private static let turn = Mutex<Void>(())

    /// As people may see it.
    func shown(_ weights: WeightPair) -> String {
        let list =
            switch place {
            case .weightedClusters: "weighted_clusters"
            case .weightedService(let name): "http.services.\(name).weighted"
            }
        return "write \(path): \(list): \(pools.baseline) \(weights.baseline), \(pools.canary) \(weights.canary)"
    }

    func read() async throws(Refusal) -> String {
        let path = path
        return try await DiskWork.run { () throws(Refusal) in try WeightedFile.text(path) }
    }

    /// The canary's share as the file has it.
    func share() async throws(Refusal) -> Int {
        let (path, place, pools) = (path, place, pools)
        return try await DiskWork.run { () throws(Refusal) in
            do throws(Refusal) {
                return try WeightedText(try WeightedFile.text(path), place: place).share(pools)
            } catch {
                throw Refusal(error.outcome, "\(path): \(error.detail)")
            }
        }
    }

    func set(_ weights: WeightPair) async throws(Refusal) {
        let (path, place, pools) = (path, place, pools)
        try await DiskWork.run { () throws(Refusal) in
            do throws(Refusal) {
                try WeightedFile.turn.withLock { _ throws(Refusal) in
                    let text = try WeightedText(try WeightedFile.text(path), place: place)
                    try WeightedFile.replace(path, with: try text.setting(weights, pools))
                }
            } catch {
                throw Refusal(error.outcome, "\(path): \(error.detail)")
            }
        }
    }

    // MARK: The disk

    static func text(_ path: String) throws(Refusal) -> String {
        let bytes: [UInt8]
        do throws(FileReadError) {
            bytes = try RegularFile.read(path, limitBytes: WeightedText.limitBytes).bytes
        } catch {
            throw Refusal(.rejected, "cannot read: \(error.reason)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Refusal(.rejected, "it is not UTF-8") }
        return text
    }

    private static func replace(_ path: String, with text: String) throws(Refusal) {
        do throws(DraftFile.Failure) { try DraftFile.replace(path, with: text, modeIfNew: nil) } catch {
            throw Refusal(.rejected, error.reason)
        }
    }
}

/// Work that waits for the disk, away from the threads that everything else runs on.
enum DiskWork {
    static func run<Result: Sendable>(
        _ work: @escaping @Sendable () throws(Refusal) -> Result
    ) async throws(Refusal) -> Result {
        do {
            return try await NIOThreadPool.singleton.runIfActive { try work() }
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal(.rejected, "\(error)")
        }
    }
}
