import Foundation
import Glibc
import PipelineTestSupport
import Testing

@testable import EdgepipeCore

@Suite("Files that are read and written")
struct FileClaimsTests {
  private let files: FilesFixture
  init() throws { files = try FilesFixture() }

  private let pictures: Set<String> = ["jpg", "png"]

  /// The error of the second of two uses; the first must be fine.
  private func second(_ first: FileUse, _ second: FileUse, of stages: (String?, String?) = ("a", "b")) -> PipelineError?
  {
    var claims = FileClaims()
    let error = claims.add(first, of: stages.0)
    #expect(error == nil, "\(String(describing: error))")
    return claims.add(second, of: stages.1)
  }

  @Test
  func `given an input when an output is the same file in any spelling then it is refused at the stage that writes`()
    throws
  {
    let film = try files.file("film.mp4")
    let spellings = [
      film, files.path("./film.mp4"), try files.link("soft", to: "film.mp4"),
      try files.hardLink("hard", to: "film.mp4"),
    ]
    for spelling in spellings {
      let input = FileUse.reads(film, as: "the input of stream 'door'"),
        output = FileUse.writes(spelling, as: "results")
      for (error, stage) in [(second(input, output), "b"), (second(output, input), "a")] {
        #expect(error?.exit == .config && error?.stage == stage, "\(spelling)")
        #expect(
          error?.message.contains("'\(spelling)'") == true
            && error?.message.contains("the input of stream 'door'") == true)
        #expect((error?.message.contains("'\(film)'") == true))
      }
    }
    #expect(try files.names() == ["film.mp4", "hard", "soft"] && files.text("film.mp4") == "mine")
  }

  @Test func `given two outputs when they are one file then the later one is refused, whether it is there or not`()
    throws
  {
    for name in ["there.mp4", "new.mp4", "deep/new.mp4"] {
      if name.hasPrefix("there") { try files.file(name) }
      let first = FileUse.writes(files.path(name), as: "the results of 'a'")
      let error = second(first, .writes(files.path("./" + name), as: "the video of 'b'"))
      #expect(
        error?.exit == .config && error?.stage == "b" && error?.message.hasSuffix("the results of 'a', too") == true)
    }
    #expect(try files.names() == ["there.mp4"])
  }

  @Test func `given the command's own files when a stage writes one then the stage is at fault, else the command`()
    throws
  {
    let path = files.path("run.trace")
    let sink = second(.writes(path, as: "--record"), .writes(path, as: "the results of 'b'"), of: (nil, "b"))
    #expect(
      sink?.stage == "b" && sink?.exit == .config && sink?.message == "cannot write '\(path)': it is --record, too")
    let options = second(.writes(path, as: "--record"), .writes(path, as: "--report"), of: (nil, nil))
    #expect(options?.stage == nil && options?.exit == .ioError)
    #expect(options?.message == "cannot write '\(path)' for --report: it is --record, too")
    let film = try files.file("film.mp4")
    let report = second(.writes(film, as: "--report"), .reads(film, as: "the input of stream 'x'"), of: (nil, "camera"))
    #expect(report?.stage == nil && report?.exit == .ioError)
    #expect(throws: PipelineError.self) {
      try FileClaims.check([.reads(film, as: "the model"), .writes(film, as: "--plot")])
    }
  }

  @Test func `given devices, pipes and inputs when several use them then nobody minds`() throws {
    let fifo = files.path("fifo"), film = try files.file("film.mp4")
    try #require(unsafe mkfifo(fifo, 0o600) == 0)
    for path in ["/dev/null", fifo] { #expect(second(.writes(path, as: "a"), .writes(path, as: "b")) == nil) }
    #expect(second(.reads(film, as: "a"), .reads(film, as: "b")) == nil)
    #expect(second(.reads(film, as: "a"), .writes(files.path("other.mp4"), as: "b")) == nil)
    // What one stage says twice is one file.
    #expect(second(.writes(film, as: "x"), .writes(film, as: "x"), of: ("a", "a")) == nil)
  }

  @Test func `given two streams in one file of a stage when said then the remedy is a name for each`() {
    let path = files.path("all.mp4")
    let error = second(
      .writes(path, as: "the video of stream 'a'"), .writes(path, as: "the video of stream 'b'"), of: ("video", "video")
    )
    #expect(error?.stage == "video" && error?.remedy?.contains("{stream}") == true)
  }

  @Test func `given a folder of pictures when an output is one of them then it is refused, beside them it is not`()
    throws
  {
    let folder = try files.folder("pictures")
    try files.file("pictures/1.jpg")
    let input = FileUse.reads(folder, as: "the input", folderEndings: pictures)
    _ = try files.link("soft", to: "pictures/1.jpg")
    _ = try files.hardLink("hard", to: "pictures/1.jpg")
    for name in ["pictures/1.jpg", "soft", "hard", "pictures/new.PNG", "pictures/./new.jpg"] {
      #expect(second(input, .writes(files.path(name), as: "results"))?.exit == .config, "\(name)")
      #expect(second(.writes(files.path(name), as: "results"), input)?.exit == .config, "\(name)")
    }
    for name in ["pictures/events.jsonl", "new.jpg", "pictures/sub/new.jpg", "pictures/.jpg"] {
      #expect(second(input, .writes(files.path(name), as: "results")) == nil, "\(name)")
    }
  }

  @Test func `given a folder that pictures are written to when it is an input or another's folder then it is refused`()
    throws
  {
    let folder = try files.folder("pictures")
    let input = FileUse.reads(folder, as: "the input", folderEndings: pictures)
    let link = try files.link("link", to: "pictures")
    for path in [folder, link, folder + "/", files.path("./pictures")] {
      let output = FileUse.writes(folder: path, endings: ["jpg"], as: "snapshots")
      #expect(second(input, output)?.stage == "b" && second(output, input)?.stage == "a", "\(path)")
      #expect(second(.writes(folder: folder, endings: ["jpg"], as: "others"), output)?.stage == "b")
    }
    // Of folders to come, too; and a single picture in it may be overwritten.
    let new = FileUse.writes(folder: files.path("new"), endings: ["jpg"], as: "snapshots")
    #expect(second(new, .writes(folder: files.path("./new"), endings: ["jpg"], as: "others"))?.exit == .config)
    #expect(second(new, .writes(files.path("new/a.jpg"), as: "results"))?.exit == .config)
    #expect(second(new, .writes(files.path("new/a.jsonl"), as: "results")) == nil)
    let picture = try files.file("pictures/cam-000001.jpg")
    let output = FileUse.writes(folder: folder, endings: ["jpg"], as: "snapshots")
    #expect(second(.reads(picture, as: "the input"), output)?.stage == "b")
    #expect(try files.names() == ["link", "pictures"])
  }

  @Test func `given a socket's path when it is a file or somebody's output then it is refused`() throws {
    let path = files.path("ctl")
    #expect(second(.writes(path, as: "results"), .makes(socket: path, as: "--control"), of: ("a", nil))?.stage == "a")
    let film = try files.file("film.mp4")
    var claims = FileClaims()
    #expect(claims.add(.makes(socket: film, as: "--control"), of: nil)?.exit == .unavailable)
    #expect(try files.text("film.mp4") == "mine")
  }

  @Test func `given an output that cannot be written when said then the reason is the error, and nothing is made`()
    throws
  {
    let file = try files.file("file"), loop = try files.link("loop", to: "loop")
    let dangling = try files.link("dangling", to: "nowhere/x")
    for path in [file + "/e.jsonl", loop, loop + "/e.jsonl", dangling, files.folder.path, files.path("new/")] {
      var claims = FileClaims()
      let error = claims.add(.writes(path, as: "--report"), of: nil)
      #expect(error?.exit == .ioError && error?.message.contains("'\(path)'") == true, "\(path)")
      #expect(claims.add(.writes(folder: file, endings: [], as: "pictures"), of: "a")?.stage == "a")
    }
    #expect(try files.names() == ["dangling", "file", "loop"])
  }

  @Test(.enabled(if: OtherWriter.isAvailable, "needs flock"))
  func `given a file that another program writes when it is an output then that program is named`() throws {
    let path = try files.file("events.jsonl"), other = try OtherWriter(path)
    var claims = FileClaims()
    let error = claims.add(.writes(try files.link("link", to: "events.jsonl"), as: "results"), of: "events")
    #expect(error?.exit == .ioError && error?.stage == "events")
    #expect(error?.message.contains("process \(other.id)") == true, "\(String(describing: error))")
    // Reading is no matter.
    #expect(claims.add(.reads(path, as: "the input"), of: "camera") == nil)
    #expect(try files.text("events.jsonl") == "mine")
  }
}
