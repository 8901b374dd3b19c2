public import Support

/// A target as a source lists it, ready to be scraped, or left out with the reason.
public struct ListedTarget: Sendable, Equatable {
    public enum Placement: Sendable, Equatable {
        /// The index of the place whose selector the labels satisfy.
        case place(Int)
        /// In no pool.
        case leftOut(Reason, detail: String)
    }

    /// Why a target is in no pool.
    public enum Reason: String, Sendable, Equatable {
        /// Relabelling drops it.
        case relabelled
        /// No pool selects it.
        case unmatched
        /// Both pools select it.
        case overlap
        /// Its address cannot be scraped.
        case unusable
        /// Another target has the same address.
        case duplicate
    }

    /// Targets with the same key are the same process, as far as a source can know.
    public struct Key: Sendable, Hashable {
        public let endpoint: EndpointIdentity
        public let uniqueID: String?
    }

    public var key: Key
    /// `host:port`, with the path where it differs from the release's.
    public var instance: String
    public var url: String
    public var unixSocket: String?
    /// One of several addresses of the URL's host.
    public var address: String?
    public var placement: Placement
    /// Before relabelling, with the defaults.
    public var discovered: LabelSet
    /// After it, without the labels whose names begin with `__`.
    public var labels: LabelSet

    public init(
        instance: String, url: String, unixSocket: String? = nil, uniqueID: String? = nil, address: String? = nil,
        placement: Placement, discovered: LabelSet = LabelSet(), labels: LabelSet = LabelSet()
    ) {
        key = Key(
            endpoint: EndpointIdentity(url: url, unixSocket: unixSocket, address: address), uniqueID: uniqueID)
        self.address = address
        (self.instance, self.url, self.unixSocket) = (instance, url, unixSocket)
        (self.placement, self.discovered, self.labels) = (placement, discovered, labels)
    }

    /// The index of its place; nil for one that is left out.
    ///
    /// Not inlined: the optimizer of Swift 6.3.1 fails on a borrowed enum that it takes apart where it is used.
    @inline(never) public var place: Int? {
        if case .place(let place) = placement { place } else { nil }
    }
}
