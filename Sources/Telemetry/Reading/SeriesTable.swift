/// Finds a series by its text in the scrape body, byte for byte, without making a string: open addressing over one
/// arena.
///
/// Two spellings of one series (labels in another order) are two entries with the same number.
struct SeriesTable {
    private struct Entry {
        var hash: UInt64
        var start: Int
        var count: Int
        /// What was put in.
        var number: Int
    }

    private var arena: [UInt8] = []
    private var entries: [Entry] = []
    /// Indices into `entries`, plus one; 0 is free. The size is a power of two, at most half full.
    private var places = [Int32](repeating: 0, count: 64)

    var count: Int { entries.count }

    func number(of piece: SampleSpot.Piece, in body: Span<UInt8>) -> Int? {
        let hash = SeriesTable.hash(piece, body)
        var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
        while places[place] != 0 {
            let entry = entries[Int(places[place]) - 1]
            if entry.hash == hash, entry.count == piece.count, isEqual(entry, piece, body) { return entry.number }
            place = (place + 1) & (places.count - 1)
        }
        return nil
    }

    /// The piece must not be in the table yet.
    mutating func insert(_ piece: SampleSpot.Piece, in body: Span<UInt8>, number: Int) {
        if (entries.count + 1) * 2 > places.count { grow() }
        entries.append(
            Entry(hash: SeriesTable.hash(piece, body), start: arena.count, count: piece.count, number: number))
        for index in piece.range { arena.append(body[index]) }
        place(entries.count - 1)
    }

    mutating func removeAll() { self = SeriesTable() }

    private mutating func grow() {
        places = [Int32](repeating: 0, count: places.count * 2)
        for index in entries.indices { place(index) }
    }

    private mutating func place(_ index: Int) {
        var place = Int(truncatingIfNeeded: entries[index].hash) & (places.count - 1)
        while places[place] != 0 { place = (place + 1) & (places.count - 1) }
        places[place] = Int32(index + 1)
    }

    private func isEqual(_ entry: Entry, _ piece: SampleSpot.Piece, _ body: Span<UInt8>) -> Bool {
        for offset in 0..<piece.count where arena[entry.start + offset] != body[piece.start + offset] { return false }
        return true
    }

    /// FNV-1a over eight bytes at a time, with a last mix. Not random: the same scrape body gives the same table
    /// everywhere.
    private static func hash(_ piece: SampleSpot.Piece, _ body: Span<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        let bytes = body.extracting(piece.range).bytes
        var index = 0
        while index + 8 <= piece.count {
            hash = (hash ^ bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0x0000_0100_0000_01B3
            hash ^= hash >> 29
            index += 8
        }
        while index < piece.count {
            hash = (hash ^ UInt64(body[piece.start + index])) &* 0x0000_0100_0000_01B3
            index += 1
        }
        hash ^= hash >> 32
        hash = hash &* 0x9E37_79B9_7F4A_7C15
        return hash ^ hash >> 29
    }
}
