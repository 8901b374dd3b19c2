import Foundation

/// What all objects of Kubernetes have. Source: Kubernetes' API reference, `ObjectMeta`.
struct KubernetesMetadata: Codable, Sendable {
    var name: String
    var namespace: String?
    var uid: String?
    /// Changes with each write of the object, and says nothing else.
    var resourceVersion: String?
    var labels: [String: String]?
    var annotations: [String: String]?

    /// A write that changes nothing leaves the version as it is, and an object that was deleted and made again has another uid.
    var identity: String { "\(uid ?? "")/\(resourceVersion ?? "")" }
}

protocol KubernetesObject: Codable, Sendable {
    var metadata: KubernetesMetadata { get }
}

/// Source: Kubernetes' API reference, `coordination.k8s.io/v1.Lease`.
struct KubernetesLease: KubernetesObject {
    struct Spec: Codable, Sendable {
        var holderIdentity: String?
        var leaseDurationSeconds: Int?
        var acquireTime: String?
        var renewTime: String?
        var leaseTransitions: Int?
    }

    var apiVersion: String? = "coordination.k8s.io/v1"
    var kind: String? = "Lease"
    var metadata: KubernetesMetadata
    var spec: Spec?
}

/// Source: Kubernetes' API reference, `v1.ConfigMap`; at most 1 MiB.
struct KubernetesConfigMap: KubernetesObject {
    var apiVersion: String? = "v1"
    var kind: String? = "ConfigMap"
    var metadata: KubernetesMetadata
    /// Base64 by key. Absent in a list of metadata alone.
    var binaryData: [String: String]?
}

/// `{"metadata": {"continue": …}, "items": […]}`
struct KubernetesList<Object: Decodable & Sendable>: Decodable, Sendable {
    struct Metadata: Decodable, Sendable {
        let next: String?

        enum CodingKeys: String, CodingKey { case next = "continue" }
    }

    let metadata: Metadata?
    let items: [Object]?
}

/// Names of objects, their labels and annotations.
struct KubernetesNames: Sendable {
    /// Of a DNS subdomain.
    private static let limit = 253

    static let session = "session"
    static let lead = "lead"
    static let document = "document"

    static let storeLabel = "rollguard/store"
    static let partLabel = "rollguard/part"
    static let path = "rollguard/path"
    static let replica = "rollguard/replica"
    static let scope = "rollguard/scope"
    static let holder = "rollguard/session"
    static let status = "rollguard/status"
    static let token = "rollguard/token"
    static let write = "rollguard/write"

    /// Up to 30 lower-case letters, digits and `-`.
    let prefix: String

    func labels(_ part: String) -> [String: String] {
        [Self.storeLabel: prefix, Self.partLabel: part, "app.kubernetes.io/managed-by": "rollguard"]
    }

    func selector(_ part: String?) -> String {
        "\(Self.storeLabel)=\(prefix)" + (part.map { ",\(Self.partLabel)=\($0)" } ?? "")
    }

    /// `rollguard-session-5f3c…`
    func session(_ id: String) -> String { "\(prefix)-session-\(id)" }

    /// Nil for a scope that is too long for a name.
    func lead(_ scope: String) -> String? { name(Self.lead, scope) }

    /// `rollguard-document-handover.checkout`; nil for a path that is too long for a name.
    func document(_ path: String) -> String? { name(Self.document, path) }

    /// Each text gets a name of its own: lower-case letters and digits are kept, `/` becomes `.`, and all others become their
    /// code after a `-`. Where that is too long, the text is written with 32 letters and digits.
    private func name(_ part: String, _ text: String) -> String? {
        guard !text.isEmpty else { return "\(prefix)-\(part)" }
        let escaped = "\(prefix)-\(part)-\(Self.escaped(text))"
        if escaped.utf8.count <= Self.limit { return escaped }
        let packed = "\(prefix)-\(part)x-\(Self.packed(text))"
        return packed.utf8.count <= Self.limit ? packed : nil
    }

    private static func escaped(_ text: String) -> String {
        var name = ""
        var last: UInt8 = 0
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            // A dot is between two letters or digits.
            case UInt8(ascii: "/")
            where index > 0 && isPlain(last) && isPlain(text.utf8.dropFirst(index + 1).first ?? 0):
                name += "."
            default: name += "-" + hex(byte)
            }
            last = byte
        }
        return name
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

    /// RFC 4648, "base32hex", in lower case and without its filling.
    private static func packed(_ text: String) -> String {
        let letters = Array("0123456789abcdefghijklmnopqrstuv")
        var name = ""
        var (bits, count) = (UInt32(0), 0)
        for byte in text.utf8 {
            (bits, count) = (bits << 8 | UInt32(byte), count + 8)
            while count >= 5 {
                count -= 5
                name.append(letters[Int(bits >> UInt32(count) & 31)])
            }
            bits &= 1 << UInt32(count) - 1
        }
        if count > 0 { name.append(letters[Int(bits << UInt32(5 - count) & 31)]) }
        return name
    }
}
