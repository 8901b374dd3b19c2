import Foundation
import SystemSupport
import Testing

struct RegularFileTests {
    private final class Folder {
        let path = NSTemporaryDirectory() + "regular-file-\(UUID().uuidString)"

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func file(_ bytes: [UInt8], mode: Int = 0o600) -> String {
            _ = FileManager.default.createFile(
                atPath: path + "/file", contents: Data(bytes), attributes: [.posixPermissions: mode])
            return path + "/file"
        }
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
    func aFileIsReadWhole(size: Int) throws {
        let folder = try Folder()
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let path = folder.file(bytes, mode: 0o640)
        let content = try RegularFile.read(path, limitBytes: size)
        #expect(content.bytes == bytes && content.permissions == 0o640)
        guard size > 0 else { return }
        #expect(throws: FileReadError.tooLarge(limitBytes: size - 1)) {
            try RegularFile.read(path, limitBytes: size - 1)
        }
    }

    @Test func onlyRegularFilesAreRead() throws {
        let folder = try Folder()
        let pipe = folder.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in [folder.path, pipe, "/dev/zero"] {
            #expect(throws: FileReadError.notRegular) { try RegularFile.read(path, limitBytes: 10) }
        }
        #expect(throws: FileReadError.system(code: ENOENT)) {
            try RegularFile.read(folder.path + "/none", limitBytes: 10)
        }
        #expect(throws: FileReadError.invalidPath) { try RegularFile.read("/dev/zero\0.key", limitBytes: 10) }
    }

    /// The size that the system reports for such a file is zero, so the limit has to hold while it is read.
    @Test func anEndlessDeviceIsReadNoFurtherThanTheLimit() throws {
        #expect(throws: FileReadError.tooLarge(limitBytes: 1 << 20)) {
            try RegularFile.read("/dev/zero", limitBytes: 1 << 20, allowsOthers: true)
        }
        #expect(try RegularFile.read("/dev/null", limitBytes: 1, allowsOthers: true).bytes.isEmpty)
    }
}
