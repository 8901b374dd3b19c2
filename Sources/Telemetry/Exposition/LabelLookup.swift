/// Finds the value of one label of one metric in an exposition, without reading the rest: which version a target says that it
/// runs, as in `app_build_info{version="v1.5.0"} 1`.
package enum LabelLookup {
    /// - Returns: the value in the first series of the metric that has the label, unescaped; nil when there is none.
    package static func value(ofLabel label: String, metric: String, in body: [UInt8]) -> String? {
        let (name, key) = (Array(metric.utf8), Array(label.utf8))
        return body.withUnsafeBufferPointer { bytes in
            var start = 0
            while start < bytes.count {
                let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
                if let value = value(of: key, name, in: bytes[start..<end]) { return value }
                start = end + 1
            }
            return nil
        }
    }

    private static func value(
        of label: [UInt8], _ metric: [UInt8], in line: Slice<UnsafeBufferPointer<UInt8>>
    ) -> String? {
        guard line.starts(with: metric), line.count > metric.count,
            line[line.startIndex + metric.count] == UInt8(ascii: "{")
        else { return nil }
        var rest = line.dropFirst(metric.count + 1)
        while let equals = rest.firstIndex(of: UInt8(ascii: "=")) {
            let name = rest[rest.startIndex..<equals].filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: ",") }
            rest = rest[(equals + 1)...].drop { $0 == UInt8(ascii: " ") }
            guard rest.first == UInt8(ascii: "\"") else { return nil }
            guard let (text, after) = quoted(rest.dropFirst()) else { return nil }
            if name == label { return text }
            rest = after
        }
        return nil
    }

    /// A label's value up to its closing quote, with the three escapes of the format.
    private static func quoted(
        _ text: Slice<UnsafeBufferPointer<UInt8>>
    ) -> (value: String, rest: Slice<UnsafeBufferPointer<UInt8>>)? {
        var value: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            switch text[index] {
            case UInt8(ascii: "\""): return (String(decoding: value, as: UTF8.self), text[(index + 1)...])
            case UInt8(ascii: "\\") where index + 1 < text.endIndex:
                index += 1
                value.append(text[index] == UInt8(ascii: "n") ? UInt8(ascii: "\n") : text[index])
            default: value.append(text[index])
            }
            index += 1
        }
        return nil
    }
}
