/// What the labels of targets need of Kubernetes' objects.
///
/// Source: Kubernetes' API reference, `v1.Pod` and `discovery.k8s.io/v1.EndpointSlice`.
protocol ClusterObject: Decodable, Sendable {
    var metadata: ObjectMetadata { get }
}

struct ObjectMetadata: Decodable, Sendable {
    struct Owner: Decodable, Sendable {
        let kind: String?
        let name: String?
        let controller: Bool?
    }

    let name: String
    let namespace: String?
    let uid: String?
    let resourceVersion: String?
    let labels: [String: String]?
    let annotations: [String: String]?
    let ownerReferences: [Owner]?

    /// Of an object among those of its kind.
    var key: String { "\(namespace ?? "")/\(name)" }
}

struct PodObject: ClusterObject {
    struct Spec: Decodable, Sendable {
        let nodeName: String?
        let containers: [Container]?
        let initContainers: [Container]?
    }

    struct Container: Decodable, Sendable {
        let name: String
        let image: String?
        let ports: [Port]?
    }

    struct Port: Decodable, Sendable {
        let name: String?
        let containerPort: Int
        let `protocol`: String?
    }

    struct Status: Decodable, Sendable {
        let phase: String?
        let podIP: String?
        let hostIP: String?
        let conditions: [Condition]?
        let containerStatuses: [ContainerStatus]?
        let initContainerStatuses: [ContainerStatus]?
    }

    struct Condition: Decodable, Sendable {
        let type: String
        let status: String
    }

    struct ContainerStatus: Decodable, Sendable {
        let name: String
        let containerID: String?
    }

    let metadata: ObjectMetadata
    let spec: Spec?
    let status: Status?
}

struct SliceObject: ClusterObject {
    struct Endpoint: Decodable, Sendable {
        struct Conditions: Decodable, Sendable {
            let ready: Bool?
            let serving: Bool?
            let terminating: Bool?
        }

        struct Reference: Decodable, Sendable {
            let kind: String?
            let name: String?
            let namespace: String?
        }

        let addresses: [String]?
        let conditions: Conditions?
        let hostname: String?
        let nodeName: String?
        let zone: String?
        let targetRef: Reference?
    }

    struct Port: Decodable, Sendable {
        let name: String?
        let port: Int?
        let `protocol`: String?
        let appProtocol: String?
    }

    let metadata: ObjectMetadata
    let addressType: String?
    let endpoints: [Endpoint]?
    let ports: [Port]?
}

/// `{"metadata": {"resourceVersion", "continue"}, "items": […]}`
struct ObjectList<Object: ClusterObject>: Decodable {
    struct Metadata: Decodable {
        let resourceVersion: String
        let next: String?

        enum CodingKeys: String, CodingKey {
            case resourceVersion
            case next = "continue"
        }
    }

    let metadata: Metadata
    let items: [Object]?
}

/// A line of a watch: `{"type": "MODIFIED", "object": …}`.
enum ObjectEvent<Object: ClusterObject>: Decodable {
    case changed(Object)
    case deleted(Object)
    /// Nothing has changed up to this version.
    case bookmark(resourceVersion: String)
    /// The versions after which the watch asked are gone: everything has to be listed again.
    case expired
    case failed(String)

    private enum CodingKeys: CodingKey { case type, object }
    private struct Status: Decodable {
        let code: Int?
        let message: String?
    }
    private struct Version: Decodable {
        struct Metadata: Decodable { let resourceVersion: String }
        let metadata: Metadata
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        switch try fields.decode(String.self, forKey: .type) {
        case "ADDED", "MODIFIED": self = .changed(try fields.decode(Object.self, forKey: .object))
        case "DELETED": self = .deleted(try fields.decode(Object.self, forKey: .object))
        case "BOOKMARK":
            let version = try fields.decode(Version.self, forKey: .object)
            self = .bookmark(resourceVersion: version.metadata.resourceVersion)
        case "ERROR":
            let status = try fields.decode(Status.self, forKey: .object)
            self = status.code == 410 ? .expired : .failed(status.message ?? "status \(status.code ?? 0)")
        case let type: self = .failed("an event of the type \(type)")
        }
    }
}
