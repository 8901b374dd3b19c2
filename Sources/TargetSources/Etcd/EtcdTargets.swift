import Discovery
import SourceCalls

/// Keys and values as targets. The label `__meta_etcd_key` holds the key.
enum EtcdTargets {
    /// - Throws: ``SourceError`` when one value cannot be used: a part of a list is no list.
    static func groups(_ entries: [EtcdKeys.Entry]) throws(SourceError) -> [TargetGroup] {
        var groups: [TargetGroup] = []
        for entry in entries { groups += try self.groups(entry) }
        return groups
    }

    private static func groups(_ entry: EtcdKeys.Entry) throws(SourceError) -> [TargetGroup] {
        let labels: LabelSet = ["__meta_etcd_key": entry.shownKey]
        let first = trimmed(entry.value).first
        guard first != UInt8(ascii: "["), first != UInt8(ascii: "{") else {
            let isGroup = first == UInt8(ascii: "{")
            let list = isGroup ? [UInt8(ascii: "[")] + entry.value + [UInt8(ascii: "]")] : entry.value
            do throws(TargetListError) {
                return try TargetListText.parse(list, as: .json, source: entry.shownKey, labels: labels)
            } catch { throw SourceError("the key \(entry.shownKey): \(error)") }
        }
        let text = String(decoding: trimmed(entry.value), as: UTF8.self)
        guard !text.isEmpty, text.utf8.count <= 300, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw SourceError("the key \(entry.shownKey): its value is neither host:port nor a JSON list of targets")
        }
        return [TargetGroup(source: entry.shownKey, labels: labels, targets: [DiscoveredTarget(address: text)])]
    }

    /// Without blanks and line ends around it.
    private static func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        let isBlank: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        guard let start = bytes.firstIndex(where: { !isBlank($0) }), let end = bytes.lastIndex(where: { !isBlank($0) })
        else { return [] }
        return bytes[start...end]
    }
}
