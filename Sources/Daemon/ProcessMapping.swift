import Glibc

/// A mapping of this process, as `/proc/self/smaps` tells it (proc(5)).
struct ProcessMapping: Equatable {
    let start: UInt
    let end: UInt
    let permissions: Substring
    let path: Substring
    /// Resident memory.
    var residentKiB = 0
    /// Of it what is no copy of the file any more; nil before the line that says so.
    var changedKiB: Int?

    /// Reads a mapping's first line, `START-END PERMISSIONS OFFSET DEVICE INODE PATH`; nil for any other.
    init?(_ line: Substring) {
        let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
        guard words.count >= 5 else { return nil }
        let ends = words[0].split(separator: "-")
        guard ends.count == 2, let start = UInt(ends[0], radix: 16), let end = UInt(ends[1], radix: 16), start < end
        else { return nil }
        (self.start, self.end, permissions) = (start, end, words[1])
        // The path stands in a column of its own, after many blanks.
        path = words.count > 5 ? words[5].drop { $0 == " " } : ""
    }

    /// Code that was mapped from a file, of which nothing was changed: no relocated text, no debugger's breakpoint, not
    /// `[vdso]`, nothing that can be written to. What is dropped of it is the file's, so nothing is lost.
    var isUnchangedCode: Bool { permissions == "r-xp" && path.hasPrefix("/") && changedKiB == 0 }

    /// Takes one of the lines in after the first: `Rss: 12 kB`.
    mutating func take(_ line: Substring) {
        let words = line.split(separator: " ")
        guard words.count == 3, let number = Int(words[1]) else { return }
        switch words[0] {
        case "Rss:": residentKiB = number
        case "Anonymous:": changedKiB = number
        default: break
        }
    }

    static func list(_ lines: some Sequence<Substring>) -> [ProcessMapping] {
        var mappings: [ProcessMapping] = []
        for line in lines {
            if let mapping = ProcessMapping(line) {
                mappings.append(mapping)
            } else if !mappings.isEmpty {
                mappings[mappings.count - 1].take(line)
            }
        }
        return mappings
    }

    /// This process's. Read in a loop: the system hands the file out in pieces, whose shortness is not its end.
    static func all() -> [ProcessMapping] {
        guard let file = fopen("/proc/self/smaps", "re") else { return [] }
        defer { fclose(file) }
        var (line, room): (UnsafeMutablePointer<CChar>?, Int) = (nil, 0)
        defer { free(line) }
        return list(
            AnyIterator {
                guard getline(&line, &room, file) > 0, let text = line else { return nil }
                return String(cString: text).prefix { $0 != "\n" }
            })
    }
}
