import Foundation
import Support

/// The wall clock, for lines that people read and for times that they give.
enum Wall {
    static var nowMs: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }
    static var now: WallTime { WallTime(wallMs: nowMs) }
}

/// A key for an order that was given none.
enum OrderKey {
    static func fresh() -> String { UUID().uuidString }
}
