/// Why a command ends without success, for people and for scripts.
struct Failure: Error {
    /// The answer is no.
    static let no: Int32 = 1
    static let wrongUsage: Int32 = 2
    /// Something that is needed could not be reached.
    static let unreachable: Int32 = 3

    let code: Int32
    let text: String
    /// Why the daemon refuses an order: `code` of its answer.
    var refusal: String?

    static func no(_ text: String) -> Failure { Failure(code: no, text: text) }
    static func usage(_ text: String) -> Failure { Failure(code: wrongUsage, text: text) }
    static func unreachable(_ text: String) -> Failure { Failure(code: unreachable, text: text) }
}
