import Foundation
import Glibc
import PipelineTestSupport
import Testing

@testable import EdgepipeCore

@Suite("Files that are open for writing")
struct OutputFileTests {
  private let files: FilesFixture
  init() throws { files = try FilesFixture() }

  @Test func `given a file when it is opened then what is in it stays, and a second one is refused by name`() throws {
    let path = try files.file("a.mp4")
    let first = try OutputFile(path: path)
    #expect(first.isRegular && first.size == 4)
    let error = #expect(throws: PipelineError.self) { _ = try OutputFile(path: files.hardLink("b.mp4", to: "a.mp4")) }
    #expect(
      error?.exit == .ioError && error?.message.contains("another sink or program is writing it (this run)") == true)
    #expect(try files.text("a.mp4") == "mine")
    try withExtendedLifetime(first) { try first.cut(to: 0) }
    #expect(try files.text("a.mp4") == "")
  }

  @Test func `given nothing, a device or a pipe when what exists is asked for then there is nothing to hold`() throws {
    #expect(try OutputFile.existing(path: files.path("new")) == nil)
    #expect(try OutputFile.existing(path: "/dev/null") == nil)
    #expect(try files.names() == [])
    let first = try OutputFile(path: "/dev/null"), second = try OutputFile(path: "/dev/null")
    #expect(!first.isRegular && !second.isRegular)
  }

  @Test func `given the system's table of locks when a file is looked for then its holder is found`() {
    var status = stat()
    status.st_dev = 0xFE00  // 254:0, as glibc puts it together
    status.st_ino = 16_220_184
    let table = """
      1: POSIX  ADVISORY  WRITE 11 fe:00:16220184 1073741824 1073742335
      2: FLOCK  ADVISORY  WRITE 12 fe:01:16220184 0 EOF
      3: FLOCK  ADVISORY  WRITE 13 fe:00:16220185 0 EOF
      4: -> FLOCK  ADVISORY  WRITE 14 fe:00:16220184 0 EOF
      5: FLOCK  ADVISORY  WRITE -1 fe:00:16220184 0 EOF
      6: FLOCK  ADVISORY  WRITE 18103 fe:00:16220184 0 EOF
      """
    #expect(LockHolder.holder(of: FileIdentity(status), in: table) == 18103)
    #expect(LockHolder.holder(of: FileIdentity(stat()), in: table) == nil)
    for broken in ["", "1:", "x y z", "1: FLOCK ADVISORY WRITE a b c", "1: FLOCK A W 5 fe:00 0 EOF", "\u{0}\n\n::::"] {
      #expect(LockHolder.holder(of: FileIdentity(status), in: broken) == nil)
    }
    // A large device number: major 0x1345, minor 0x6078, in glibc's layout.
    status.st_dev = 0x0000_1000_0603_4578
    #expect(FileIdentity(status).major == 0x1345 && FileIdentity(status).minor == 0x6078)
  }
}
