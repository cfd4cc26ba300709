import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore

@Suite struct PendingFileTests {
  private let folder: URL
  init() throws { folder = try TestData.temporaryFolder("pending") }

  private func path(_ name: String) -> String { folder.path + "/" + name }

  @Test func `given much that is written when it is committed then the file has all of it in order`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = try PendingFile(path: path("deep/a"))
    var expected: [UInt8] = []
    for index in 0..<3000 {
      let piece = Array("\(index),".utf8)
      try file.write(piece)
      expected += piece
    }
    #expect(!FileManager.default.fileExists(atPath: path("deep/a")))
    try file.commit()
    #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path("deep/a")))) == expected)
  }

  @Test func `given a scratch file when it is read then all comes back, and no name is left`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let scratch = try ScratchFile(beside: path("a"))
    var expected: [UInt8] = [], read: [UInt8] = []
    for index in 0..<30_000 {
      let piece = Array("\(index),".utf8)
      try scratch.write(piece)
      expected += piece
    }
    try scratch.read { (chunk) throws(PipelineError) in read += chunk }
    #expect(read == expected && expected.count > 1 << 17)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test func `given two that write one file when the second begins then it is refused`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let first = try PendingFile(path: path("a"))
    let error = #expect(throws: PipelineError.self) { _ = try PendingFile(path: path("a")) }
    #expect(error?.code == .writeFailed)
    try first.commit()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
  }
}
