import Foundation
import Glibc
import PipelineTestSupport
import Testing

@testable import EdgepipeCore

@Suite("Files that are there whole or not at all")
struct WholeFileTests {
  private let files: FilesFixture
  init() throws { files = try FilesFixture() }

  @Test func `given a folder that is not there when a file is written then it is made`() throws {
    try WholeFile.write(to: files.path("a/b/report.json")) {
      try $0("{"); try $0("}")
    }
    #expect(try files.text("a/b/report.json") == "{}")
    #expect(try FileManager.default.contentsOfDirectory(atPath: files.path("a/b")) == ["report.json"])
  }

  @Test func `given an old file when writing fails in the middle then the old one stays and nothing beside it`() throws
  {
    try files.file("report.json", "old")
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try WholeFile.write(to: files.path("report.json")) { put in
        try put("half")
        throw Stop()
      }
    }
    #expect(try files.names() == ["report.json"] && files.text("report.json") == "old")
  }

  @Test func `given a link when written through then the file that it leads to is replaced and the link stays`() throws
  {
    try files.file("real.json", "old")
    let link = try files.link("link.json", to: "real.json")
    try WholeFile.write(to: link) { try $0("new") }
    #expect(try files.text("real.json") == "new")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "real.json")
  }

  @Test func `given a device when written then it stays one`() throws {
    try WholeFile.write(to: "/dev/null") { try $0("gone") }
    #expect(FilePlace("/dev/null") == .other)
    let error = #expect(throws: PipelineError.self) { try WholeFile.write(to: "/dev/full") { try $0("text") } }
    #expect(error?.exit == .ioError && error?.remedy?.contains("free space") == true)
  }

  @Test func `given each reason why a write fails when told then the remedy is that of the reason`() {
    let words: [(Int32, String)] = [
      (ENOSPC, "free space"), (EDQUOT, "quota"), (EFBIG, "ulimit -f"), (EPIPE, "its reader has ended"),
      (EROFS, "read-only"), (EACCES, "write permission"), (EPERM, "write permission"), (EIO, "dmesg"), (ELOOP, "loop"),
      (EMFILE, "ulimit -n"), (EBADF, "closed"), (ENAMETOOLONG, "shorter"), (ENOTDIR, "folder"),
    ]
    for (code, word) in words {
      let error = OutputPath.failure("write", "x/y", errno: code)
      #expect(error.remedy?.contains(word) == true && error.message.hasPrefix("cannot write 'x/y': "), "\(error)")
      #expect(error.exit == .ioError)
      if code != ENOSPC, code != EDQUOT { #expect(error.remedy?.contains("free space") == false, "\(error)") }
    }
  }

  @Test func `given folders when they are made then those above come too, and what is in the way is named`() throws {
    try OutputPath.makeFolder(files.path("a/b/c/"))
    try OutputPath.makeFolder(files.path("a/b"))
    try OutputPath.makeParent(of: files.path("a/d/file"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: files.path("a")).sorted() == ["b", "d"])
    let file = try files.file("file")
    for path in [file, file + "/x/y"] {
      let error = #expect(throws: PipelineError.self) { try OutputPath.makeFolder(path) }
      #expect(error?.exit == .ioError)
    }
  }
}
