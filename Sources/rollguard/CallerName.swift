import ArgumentParser
import Foundation

/// The name that commands send with a change, for the record of the incident: the user who ran `sudo`, else the login
/// name.
enum CallerName {
    static var current: String {
        let environment = ProcessInfo.processInfo.environment
        return environment["SUDO_USER"] ?? environment["USER"] ?? environment["LOGNAME"] ?? "command line"
    }
}

/// Who asks for a change.
struct CallerChoice: ParsableArguments {
    @Option(help: "Who asks, for the record of the incident. [default: this user's login name]")
    var by: String?

    var name: String { by ?? CallerName.current }
}
