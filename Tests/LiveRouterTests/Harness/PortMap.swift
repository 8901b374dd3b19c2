import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// The fixed ports of a page's texts, and the free ones that replace them in one scene.
struct PortMap: Sendable {
    private(set) var ports: [Int: Int]

    /// A lower port of the text gets a lower free one: what a page shows in the order of addresses keeps its order.
    ///
    /// - Parameter fixed: those that are known already, as the version servers'.
    init(_ wanted: [Int], fixed: [Int: Int]) throws {
        ports = fixed
        let missing = Set(wanted).subtracting(fixed.keys).sorted()
        var free = Set<Int>()
        while free.count < missing.count {
            let port = try FreePort.find()
            if !fixed.values.contains(port) { free.insert(port) }
        }
        for (port, free) in zip(missing, free.sorted()) { ports[port] = free }
    }

    subscript(_ port: Int) -> Int { ports[port] ?? port }

    /// The text with its ports replaced. A number counts as a port when no digit, letter, dot or dash touches it, so
    /// that a version, a size or a duration stays what it is.
    func adapt(_ text: String) -> String {
        var result = ""
        var number = ""
        var before: Character = " "
        func isPart(_ character: Character) -> Bool {
            character.isLetter || character.isNumber || ".-_".contains(character)
        }
        func flush(_ next: Character?) {
            let isWhole = !isPart(before) && !(next.map(isPart) ?? false)
            result += isWhole ? Int(number).flatMap { ports[$0] }.map(String.init) ?? number : number
            number = ""
        }
        var last: Character = " "
        for character in text {
            if character.isASCII, character.isNumber {
                if number.isEmpty { before = last }
                number.append(character)
            } else {
                if !number.isEmpty { flush(character) }
                result.append(character)
            }
            last = character
        }
        if !number.isEmpty { flush(nil) }
        return result
    }
}

enum FreePort {
    private static let given = Mutex<Set<Int>>([])

    /// A port that was free a moment ago, from below the range that the system gives out by itself, and never one that was
    /// given before: while a program that is killed on purpose is away, no other test may come by its port.
    static func find() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 10_000..<32_000)
            if isFree(port), given.withLock({ $0.insert(port).inserted }) { return port }
        }
        throw CocoaError(.featureUnsupported)
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return withAddress(port) { bind(descriptor, $0, $1) == 0 }
    }

    /// Whether a server listens.
    static func isOpen(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return withAddress(port) { connect(descriptor, $0, $1) == 0 }
    }

    private static func withAddress<Result>(
        _ port: Int, _ work: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                work($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
