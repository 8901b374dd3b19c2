import Glibc

/// A line of `/proc/self/maps`: `START-END PERMISSIONS OFFSET DEVICE INODE PATH` (proc(5)).
struct ProcessMapping: Equatable {
    let start: UInt
    let end: UInt
    let permissions: Substring
    let path: Substring

    /// Nil for a line of another form.
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

    /// Code that was mapped from a file for this process alone and cannot have been changed: not `[vdso]`, not memory
    /// without a file, nothing that can be written to.
    var isCodeOfAFile: Bool { permissions == "r-xp" && path.hasPrefix("/") }

    /// This process's. Read in a loop: the system hands the file out in pieces, whose shortness is not its end.
    static func all() -> [ProcessMapping] {
        guard let file = fopen("/proc/self/maps", "re") else { return [] }
        defer { fclose(file) }
        var (line, room): (UnsafeMutablePointer<CChar>?, Int) = (nil, 0)
        defer { free(line) }
        var mappings: [ProcessMapping] = []
        while getline(&line, &room, file) > 0, let text = line {
            if let mapping = ProcessMapping(String(cString: text).prefix { $0 != "\n" }) { mappings.append(mapping) }
        }
        return mappings
    }
}
