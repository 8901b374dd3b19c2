public import Support

extension TargetPlan {
    public var identity: PageIdentity { PageIdentity(url: url, unixSocket: unixSocket) }
}
