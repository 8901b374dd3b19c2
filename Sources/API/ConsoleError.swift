import Glibc
import NIOCore

/// What keeps the API from being served.
package enum ConsoleError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The address could not be bound; `reason` says why and what to do.
    case cannotListen(address: String, reason: String)
    /// The files of `listen.tls`; `reason` says which of them and what is wrong with it.
    case cannotUseCertificate(reason: String)

    package var description: String {
        switch self {
        case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
        case .cannotUseCertificate(let reason): "the API has no certificate: \(reason); check `tls` in `listen`"
        }
    }
}

extension ConsoleError {
    /// The system's error, turned into what an operator can do.
    init(binding address: String, failure: any Error) {
        self = .cannotListen(address: address, reason: ConsoleError.reason(for: failure))
    }

    private static func reason(for failure: any Error) -> String {
        if let failure = failure as? SocketAddressError.UnknownHost {
            return "the name \"\(failure.host)\" has no address; check `listen`"
        }
        guard let failure = failure as? IOError else { return "\(failure)" }
        switch failure.errnoCode {
        case EADDRINUSE:
            return "another program listens there already; stop it, or choose another port in `listen`"
        case EADDRNOTAVAIL: return "this machine has no such address; check `listen`"
        case EACCES: return "not allowed; ports below 1024 need a privilege, choose another one in `listen`"
        default: return "\(failure)"
        }
    }
}
