import Foundation
import Glibc
import PipelineTestSupport
import Testing

@testable import EdgepipeCore

@Suite("What a path leads to")
struct FilePlaceTests {
  private let files: FilesFixture
  init() throws { files = try FilesFixture() }

  @Test func `given one file under many spellings when looked at then it is the same`() throws {
    try files.file("film.mp4")
    _ = try files.folder("sub")
    let place = FilePlace(files.path("film.mp4"))
    #expect(place.fileIdentity != nil)
    let others = [
      files.path("./film.mp4"), files.path("sub/../film.mp4"), files.path("/film.mp4"),
      try files.link("link", to: "film.mp4"), try files.link("link2", to: "link"),
      try files.link("absolute", to: files.path("film.mp4")), try files.hardLink("hard", to: "film.mp4"),
      try files.link("here", to: ".") + "/film.mp4",
    ]
    for other in others { #expect(FilePlace(other) == place, "\(other)") }
    try files.file("other.mp4")
    #expect(FilePlace(files.path("other.mp4")) != place)
  }

  @Test func `given a file that is not there when spelled in many ways then its folder and its name make it one`()
    throws
  {
    _ = try files.folder("sub")
    _ = try files.link("link", to: "sub")
    let identity = try #require(FilePlace(files.path("sub/new.mp4")).fileIdentity)
    for other in ["link/new.mp4", "sub/./new.mp4", "./link/../sub/new.mp4", "sub//new.mp4"] {
      #expect(FilePlace(files.path(other)).fileIdentity == identity, "\(other)")
    }
    for other in ["sub/New.mp4", "new.mp4", "sub/new.mp4/x", "sub/deep/new.mp4"] {
      #expect(FilePlace(files.path(other)).fileIdentity != identity, "\(other)")
    }
    // Once it is there, it counts by itself.
    try files.file("sub/new.mp4")
    #expect(FilePlace(files.path("sub/new.mp4")).fileIdentity != identity)
  }

  @Test func `given folders that are not there when a path leads through them then they count by name`() {
    let identity = FilePlace(files.path("a/b/e.jsonl")).fileIdentity
    #expect(identity != nil && FilePlace(files.path("a/./b/x/../e.jsonl")).fileIdentity == identity)
    #expect(FilePlace(files.path("a/e.jsonl")).fileIdentity != identity)
    #expect(FilePlace(files.path("a/b/e.jsonl")) == .coming(identity ?? .init(stat()), folder: files.folder.path))
  }

  @Test func `given links in a circle or to nothing when looked at then nothing can be there`() throws {
    let loop = try files.link("loop1", to: "loop2")
    _ = try files.link("loop2", to: "loop1")
    let dangling = try files.link("dangling", to: "nowhere/x")
    #expect(FilePlace(loop) == .impossible(ELOOP) && FilePlace(loop + "/e.jsonl") == .impossible(ELOOP))
    #expect(FilePlace(dangling) == .danglingLink(dangling))
    #expect(FilePlace(dangling + "/deep/e.jsonl") == .danglingLink(dangling))
    try files.file("file")
    #expect(FilePlace(files.path("file/e.jsonl")) == .impossible(ENOTDIR))
  }

  @Test func `given a device or a pipe when looked at then it is nobody's own`() throws {
    let fifo = files.path("fifo")
    try #require(unsafe mkfifo(fifo, 0o600) == 0)
    for path in ["/dev/null", fifo] { #expect(FilePlace(path) == .other && FilePlace(path).fileIdentity == nil) }
  }
}
