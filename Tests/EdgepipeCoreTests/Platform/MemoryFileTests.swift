@testable import EdgepipeCore
import Foundation
import Testing

@Suite("Files of memory")
struct MemoryFileTests {
  @Test("given bytes, when read by the path as often as wanted, then they are whole; afterwards the path is nobody's")
  func readable() throws {
    let bytes = Data((0..<100_000).map { UInt8($0 % 251) })
    var file: MemoryFile? = try MemoryFile(bytes)
    let url = try #require(file).url
    #expect(try Data(contentsOf: url) == bytes)
    #expect(try Data(contentsOf: url) == bytes)
    #expect(FileManager.default.fileExists(atPath: url.path))
    // It is in no folder: its name leads to a file that has been removed.
    let place = try FileManager.default.destinationOfSymbolicLink(atPath: url.path)
    #expect(place.hasSuffix("(deleted)"))
    file = nil
    // Another file may have its number by now, but not its contents.
    #expect((try? Data(contentsOf: url)) != bytes)
  }
}
