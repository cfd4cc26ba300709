import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeService

@Suite("The folder of a run")
final class RunFolderTests {
  private let state: String

  init() throws { state = try TestData.temporaryFolder("rf").path }

  deinit { try? FileManager.default.removeItem(atPath: state) }

  private func mode(_ path: String) throws -> Int {
    try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  @Test(
    "given a log, when it is larger than its bound, then it is emptied and kept once, and the run writes on at its end")
  func bound() throws {
    let folder = try RunFolder(state: state, name: "door")
    let writer = unsafe open(folder.log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    defer { close(writer) }
    func say(_ text: String) { _ = DescriptorWriting.write(Array(text.utf8), to: writer) }
    say(String(repeating: "a", count: RunFolder.largestLog))
    folder.boundLog()
    #expect(folder.logBytes == RunFolder.largestLog, "at the bound it stays")
    for round in 0..<2 {
      say(String(repeating: "b", count: RunFolder.largestLog + round))
      folder.boundLog()
      #expect(folder.logBytes == 0)
      say("on\n")
      #expect(try String(contentsOfFile: folder.log, encoding: .utf8) == "on\n")
    }
    let kept = try String(contentsOfFile: folder.log + ".1", encoding: .utf8)
    #expect(kept == "on\n" + String(repeating: "b", count: RunFolder.largestLog + 1))
  }

  @Test(
    "given a log of several runs, when the last words are asked, then they are those of this run, the last lines only")
  func lastWords() throws {
    let folder = try RunFolder(state: state, name: "door")
    #expect(folder.lastWords(after: 0) == "" && folder.logBytes == 0)
    try "old\n".write(toFile: folder.log, atomically: true, encoding: .utf8)
    let begin = folder.logBytes
    #expect(folder.lastWords(after: begin) == "")
    try "old\none\n\ntwo\nthree\nfour".write(toFile: folder.log, atomically: true, encoding: .utf8)
    #expect(folder.lastWords(after: begin) == "two; three; four")
    #expect(folder.lastLines(9, after: begin) == ["one", "two", "three", "four"])
    // Emptied in between.
    try "new".write(toFile: folder.log, atomically: true, encoding: .utf8)
    #expect(folder.lastWords(after: begin) == "new")
    let long = String(repeating: "x", count: 10_000)
    try long.write(toFile: folder.log, atomically: true, encoding: .utf8)
    #expect(folder.lastWords(after: begin) == long.suffix(4096))
  }

  @Test("given folders, when made, then they are for this user alone, and one that was there stays as it is")
  func modes() throws {
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: state)
    try OutputPath.makePrivateFolder(state)
    #expect(try mode(state) == 0o755)
    let folder = try RunFolder(state: state, name: "door")
    #expect(try mode(folder.path) == 0o700)
    try OutputPath.makePrivateFolder(state + "/new")
    #expect(try mode(state + "/new") == 0o700)
  }

  @Test(
    "given a state folder whose sockets would have too long paths, when made, then the error names it and the remedy")
  func tooLong() throws {
    // What comes behind the name is 19 bytes long: /runs/ and /control.sock.
    let room = 107 - state.utf8.count - 19
    _ = try RunFolder(state: state, name: String(repeating: "n", count: room))
    let name = String(repeating: "n", count: room + 1)
    let error = #expect(throws: PipelineError.self) { try RunFolder(state: state, name: name) }
    #expect(
      error?.message
        == "the path of the state folder is too long: '\(state)/runs/\(name)/control.sock' would have 108 bytes, "
        + "and the path of a socket has 107 at most")
    #expect(error?.remedy == "give --state FOLDER a shorter path, or the pipeline a shorter name")
    #expect(error?.exit == .usage)
    #expect(!FileManager.default.fileExists(atPath: "\(state)/runs/\(name)"))
  }
}
