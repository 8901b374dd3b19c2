/// One request of one user.
struct LoadRequest {
    let user: Int
    /// Unlike that of any other request of this load, and of loads with other seeds.
    let name: String
    /// Sent before, on a connection that was closed without an answer.
    var isRepeated = false

    /// The second attempt, which a service can distinguish from the first.
    var again: LoadRequest { LoadRequest(user: user, name: "\(name)-again", isRepeated: true) }
}
