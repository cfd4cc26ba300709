import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeService

@Suite("What is changed of a run, and done again to the next")
struct RunChangesTests {
  private let url: ReportValue = .string("rtsp://me:secret@camera/1")

  private var changed: RunChanges {
    var changes = RunChanges()
    changes.note("add-stream", ["stream": .string("b"), "url": url])
    changes.note("set", ["stage": .string("objects"), "options": .object(["score": .double(0.5), "iou": .int(1)])])
    changes.note("set", ["stage": .string("objects"), "options": .object(["score": .double(0.6)])])
    changes.note("remove-stream", ["stream": .string("a")])
    return changes
  }

  @Test("given changes, when the requests of the next run are made, then the last of each counts")
  func requests() {
    let requests = changed.requests
    #expect(requests.map(\.command) == ["remove-stream", "add-stream", "set"])
    #expect(requests[1].members == ["stream": .string("b"), "url": url])
    #expect(requests[2].members["options"] == .object(["score": .double(0.6), "iou": .int(1)]))
  }

  @Test("given a stream that was added and removed again, when listed, then nothing is left of it")
  func undone() {
    var changes = changed
    changes.note("remove-stream", ["stream": .string("b")])
    #expect(changes.added.isEmpty && changes.removed == ["a"])
    changes.note("status", [:])
    #expect(changes.removed == ["a"])
  }

  @Test("given changes, when written and read, then they are the same; the file is its user's alone")
  func file() throws {
    let folder = try TestData.temporaryFolder("changes")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("changes.json").path
    #expect(try RunChanges(reading: path) == RunChanges())
    var changes = changed
    changes.isStopped = true
    try changes.write(to: path)
    #expect(try RunChanges(reading: path) == changes)
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    try RunChanges().write(to: path)
    #expect(!FileManager.default.fileExists(atPath: path))
    try "{}".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(throws: ConfigErrors.self) { try RunChanges(reading: path) }
  }

  @Test("given a stream with a password, when shown, then the password is not")
  func redacted() throws {
    #expect(try !changed.redacted.json().contains("secret"))
    #expect(try changed.value.json().contains("secret"))
  }
}
