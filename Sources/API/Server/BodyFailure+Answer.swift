import HTTPServing

extension BodyFailure {
    func answer(asJSON: Bool) -> Answer {
        switch self {
        case .tooLarge:
            .error("the body has more than \(Route.bodyLimitBytes) bytes", status: .contentTooLarge, asJSON: asJSON)
        case .tooSlow:
            .error("the body did not arrive in \(BoundedBody.timeout)", status: .requestTimeout, asJSON: asJSON)
        case .broken: .error("the body could not be read", status: .badRequest, asJSON: asJSON)
        }
    }
}
