import CPostgres
import Foundation
import Glibc
import SourceCalls
import Synchronization

/// libpq, loaded when it is first used, so that hosts without PostgreSQL do not need it.
struct PostgresLibrary: Sendable {
    /// Of the Debian package `libpq5`.
    static let usualPath = "libpq.so.5"

    /// What the environment variable `ROLLGUARD_LIBPQ` names, or the usual one.
    static var path: String {
        guard let text = getenv("ROLLGUARD_LIBPQ"), text.pointee != 0 else { return usualPath }
        return String(cString: text)
    }

    /// Of an `rg_pq_library`, which lives as long as the process.
    private let address: UInt

    var pointer: OpaquePointer? { OpaquePointer(bitPattern: address) }

    private static let loaded = Mutex<[String: PostgresLibrary]>([:])

    /// A library that was not there is tried again at the next call: the package may have been installed.
    static func load(_ path: String) throws(PostgresTrouble) -> PostgresLibrary {
        let result = loaded.withLock { known -> Result<PostgresLibrary, PostgresTrouble> in
            if let library = known[path] { return .success(library) }
            var trouble = rg_pq_trouble()
            guard let pointer = rg_pq_open(path, &trouble) else {
                let reason = PostgresTrouble(trouble).text
                return .failure(
                    PostgresTrouble(
                        "PostgreSQL needs the library libpq (Debian package libpq5), which cannot be loaded: \(reason)")
                )
            }
            let library = PostgresLibrary(address: UInt(bitPattern: pointer))
            known[path] = library
            return .success(library)
        }
        return try result.get()
    }
}

/// Why the server could not be asked, or what it refused.
struct PostgresTrouble: Error, Equatable {
    /// SQLSTATE; empty when the server gave none.
    var state = ""
    var text: String

    init(_ text: String) { self.text = text }

    init(_ trouble: rg_pq_trouble) {
        var trouble = trouble
        state = PostgresTrouble.string(&trouble.state)
        text = PostgresTrouble.string(&trouble.text)
    }

    /// A fixed array of C, up to the first zero.
    private static func string<Characters>(_ characters: inout Characters) -> String {
        withUnsafeBytes(of: &characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// PostgreSQL's documentation, "PostgreSQL Error Codes".
    enum State {
        static let undefinedTable = "42P01"
        static let undefinedSchema = "3F000"
        static let insufficientPrivilege = "42501"
        static let readOnlyTransaction = "25006"
    }

    /// Another connection may have more luck: this one broke, the server ends or is no primary, or the transaction was in the way of
    /// another one.
    var isOfConnection: Bool {
        state.isEmpty || state == State.readOnlyTransaction || ["08", "40", "57"].contains(state.prefix(2))
    }

    /// On one line.
    var line: String {
        text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
    }

    var sourceError: SourceError { SourceError(state.isEmpty ? line : "\(line) (SQLSTATE \(state))") }
}
