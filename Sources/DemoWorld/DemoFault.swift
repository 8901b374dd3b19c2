/// What is wrong with a demo service.
package enum DemoFault: Sendable, Equatable {
    /// Nothing: every request is answered 200 after 5 to 20 ms.
    case none
    /// A share of the requests (0...1) is answered 500.
    case errors(share: Double)
    /// A share of the requests (0...1) takes `extraMs` longer.
    case latency(extraMs: Int, share: Double)
    /// The listener and all connections are closed at once: connections are refused from then on.
    case crash
}
