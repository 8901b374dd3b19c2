/// What keeps a gray router from starting. Never contains a token.
package enum GrayRouterError: Error, Equatable, CustomStringConvertible {
    /// The configuration file cannot be opened or read.
    case configurationUnreadable(path: String, reason: String)
    /// Every error that was found in a configuration, each as `field: what is wrong`. `path` is nil when it was not a
    /// file.
    case configurationInvalid(path: String?, errors: [String])
    /// The state file exists but cannot be read, or is not a split.
    case stateUnusable(path: String, reason: String)
    /// The state file cannot be written.
    case stateUnwritable(path: String, reason: String)
    /// Another running router holds the state file.
    case stateInUse(path: String)
    /// The token file cannot be read or holds no token.
    case tokenUnusable(path: String, reason: String)
    /// An address to listen on is taken or not ours.
    case cannotListen(address: String, reason: String)
    /// `start()` was called twice, or after `stop()`.
    case startedAlready
    /// A reload came before `start()` had returned, or after `stop()`.
    case notRunning
    /// A reload changes these fields, which cannot change while the router runs.
    case needsRestart(fields: [String])

    /// What happened, where, and what to do next.
    package var description: String {
        switch self {
        case .configurationUnreadable(let path, let reason):
            "\(path): error: cannot read the router's configuration: \(reason)"
        case .configurationInvalid(let path, let errors):
            errors.map { "\(path.map { "\($0): " } ?? "")error: \($0)" }.joined(separator: "\n")
        case .stateUnusable(let path, let reason):
            """
            \(path): error: the saved split cannot be used: \(reason); restore the file, or remove it to start with \
            initial_canary_basis_points
            """
        case .stateUnwritable(let path, let reason):
            "\(path): error: the split cannot be saved: \(reason); the router needs a writable folder for its state_file"
        case .stateInUse(let path):
            "\(path): error: another running router uses this state_file; give each router its own"
        case .tokenUnusable(let path, let reason):
            "\(path): error: the admin API's token_file cannot be used: \(reason)"
        case .cannotListen(let address, let reason):
            "error: cannot listen on \(address): \(reason)"
        case .startedAlready:
            "error: this router was started already; make a new one"
        case .notRunning:
            "error: this router is not running; there is nothing to reload"
        case .needsRestart(let fields):
            "error: \(fields.joined(separator: ", ")) cannot change while the router runs; restart it"
        }
    }
}
