import NIOCore
import NIOPosix
import Synchronization

/// A port that was free a moment ago, from below the range that the system gives out by itself and never one that was
/// given before, so that no other test comes by it in between.
enum FreePort {
    private static let given = Mutex<Set<Int>>([])

    static func find() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 10_000..<32_000)
            let bound = try? ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: port).wait()
            guard let bound else { continue }
            try bound.close().wait()
            if given.withLock({ $0.insert(port).inserted }) { return port }
        }
        throw ChannelError.operationUnsupported
    }
}
