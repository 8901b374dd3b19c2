/// One request of one user.
struct LoadRequest {
    let user: Int
    /// Sent before, on a connection that the server was closing.
    var isRepeated = false
}
