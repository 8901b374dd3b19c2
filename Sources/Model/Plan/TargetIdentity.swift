public import Support

extension TargetPlan {
    public var identity: EndpointIdentity { EndpointIdentity(url: url, unixSocket: unixSocket, address: address) }
}
