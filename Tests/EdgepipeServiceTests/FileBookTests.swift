import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeService

@Suite("The files that runs have told of")
struct FileBookTests {
  private func message(_ path: String, begin: String = "2026-01-01T00:00:00.000Z") -> [String: ReportValue] {
    [
      "event": .string("file"), "number": .int(1), "kind": .string("clip"), "stage": .string("clips"),
      "stream": .string("gate"), "path": .string(path), "picture": .null, "begin": .string(begin),
      "facts": .object(["duration_s": .double(4)]),
    ]
  }

  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = try TestData.temporaryFolder("files")
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  @Test("given files that are told, when listed, then the newest is first, each has an id, and no path is shown")
  func list() throws {
    try withFolder { folder in
      let book = FileBook(path: folder.appendingPathComponent("files.jsonl").path)
      #expect(book.add(message("/a/1.mp4"))?.id == 1)
      #expect(book.add(message("/a/2.jpg"))?.id == 2)
      #expect(book.add(message("/a/1.mp4")) == nil, "told twice, as after a new connection")
      #expect(book.add(message("relative.mp4")) == nil && book.add(["event": .string("file")]) == nil)
      #expect(book.entries.map(\.id) == [2, 1] && book.entry(1)?.path == "/a/1.mp4" && book.entry(3) == nil)
      let shown = ReportValue.object(try #require(book.entry(1)).value(of: "yard")).line
      #expect(!shown.contains("/a/") && shown.contains(#""type":"video"#) && shown.contains(#""pipeline":"yard""#))
    }
  }

  @Test(
    "given files of stages with anonymized pictures, when they are kept, then that is kept, and what says nothing is not"
  )
  func anonymized() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("files.jsonl").path, book = FileBook(path: path)
      _ = book.add(message("/a/1.mp4"))
      _ = book.add(message("/a/2.mp4").merging(["anonymized": .bool(true)]) { $1 })
      _ = book.add(message("/a/3.mp4").merging(["anonymized": .bool(false)]) { $1 })
      #expect(FileBook(path: path).entries.filter(\.isAnonymized).map(\.path) == ["/a/2.mp4"])
    }
  }

  @Test("given a service that starts again, when read, then the files are there, and ids go on")
  func kept() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("files.jsonl").path
      let first = FileBook(path: path)
      for number in 1...3 { _ = first.add(message("/a/\(number).mp4")) }
      // As after a crash in the middle of a line.
      let handle = try #require(FileHandle(forWritingAtPath: path))
      try handle.seekToEnd()
      try handle.write(contentsOf: Data(#"{"id":4,"pa"#.utf8))
      try handle.close()
      let next = FileBook(path: path)
      #expect(next.entries.map(\.id) == [3, 2, 1])
      #expect(next.add(message("/a/4.mp4"))?.id == 4)
      #expect(FileBook(path: path).entries.map(\.path) == ["/a/4.mp4", "/a/3.mp4", "/a/2.mp4", "/a/1.mp4"])
    }
  }

  @Test("given more files than are kept, when told, then the oldest go, and the list on disk stays bounded")
  func bounded() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("files.jsonl").path, book = FileBook(path: path)
      for number in 1...(2 * FileBook.limit + 50) { _ = book.add(message("/a/\(number).mp4")) }
      #expect(book.entries.count == FileBook.limit && book.entries.first?.id == 2 * FileBook.limit + 50)
      let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count
      #expect(lines <= 2 * FileBook.limit)
      #expect(FileBook(path: path).entries.map(\.id) == book.entries.map(\.id))
    }
  }

  @Test("given what is no plain file, when opened for a client, then it is refused; a file is read in parts")
  func served() throws {
    try withFolder { folder in
      let file = folder.appendingPathComponent("a.jpg"), link = folder.appendingPathComponent("b.jpg").path
      try Data("0123456789".utf8).write(to: file)
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file.path)
      for path in [folder.path, link, folder.appendingPathComponent("none.jpg").path] {
        #expect(throws: PipelineError.self, "\(path)") { _ = try ServedFile(path) }
      }
      let served = try ServedFile(file.path)
      #expect(served.bytes == 10 && served.read(2..<5).elementsEqual("234".utf8))
      #expect(served.read(8..<20).elementsEqual("89".utf8) && served.read(10..<20).isEmpty)
      try Data("other".utf8).write(to: file)
      #expect(try ServedFile(file.path).tag != served.tag)
      #expect(FileBook.Entry.type(of: "/a/b.mp4") == "video/mp4" && FileBook.Entry.type(of: "/etc/passwd") == nil)
      #expect(FileBook.Entry.type(of: "/a/b.json") == nil && FileBook.Entry.type(of: "") == nil)
    }
  }
}
