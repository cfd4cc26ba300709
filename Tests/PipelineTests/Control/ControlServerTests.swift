import Foundation
import Logging
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline

@Suite("Control socket")
struct ControlServerTests {
  private let path = NSTemporaryDirectory() + "ep-\(UInt32.random(in: 0 ... .max)).sock"
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func makeRunner(_ collector: Collector) throws -> PipelineRunner {
    try PipelineRunner(
      PipelinePlan(name: "t", stages: [.source("a", count: 5), .sink("out", after: ["a"], into: collector)]),
      logger: logger, staysOpen: true)
  }

  @Test("given a run with a control socket, when asked to add, list and drain, then it does")
  func requests() throws {
    let collector = Collector()
    let runner = try makeRunner(collector)
    let server = try ControlServer(path: path, runner: runner, logger: logger)
    try runner.start()
    #expect(try ControlRequest(.addStream, id: "b", url: "x").send(to: path).error == nil)
    collector.wait(for: 10)
    let again = try ControlRequest(.addStream, id: "b", url: "${NO_SUCH_NAME_HERE}").send(to: path)
    #expect(again.error?.contains("NO_SUCH_NAME_HERE") == true)
    #expect(try ControlRequest(.addStream, id: "c").send(to: path).error?.contains("'url'") == true)
    #expect(try ControlRequest(.removeStream, id: "nobody").send(to: path).error?.contains("nobody") == true)
    let streams = try #require(ControlRequest(.list).send(to: path).streams)
    #expect(streams.map(\.id) == ["a", "b"])
    #expect(streams.map(\.admitted) == [5, 5])
    #expect(try ControlRequest(.drain).send(to: path).error == nil)
    #expect(runner.wait().exit == .success)
    server.stop()
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(throws: PipelineError.self) { try ControlRequest(.list).send(to: path) }
  }

  @Test("given what is no request, when sent, then the answer says so and the server goes on")
  func garbage() throws {
    let runner = try makeRunner(Collector())
    let server = try ControlServer(path: path, runner: runner, logger: logger)
    defer { server.stop() }
    for line in ["", "{", "{\"command\":\"explode\"}", "[1]", String(repeating: "x", count: 100_000)] {
      let socket = try UnixSocket.connected(to: path)
      #expect(socket.write(line: line))
      let answer = try JSONDecoder().decode(ControlResponse.self, from: Data(#require(socket.readLine()).utf8))
      #expect(answer.error == "not a request")
    }
    // Somebody who connects and says nothing keeps nobody else waiting for ever: the next one is served.
    _ = try UnixSocket.connected(to: path)
    #expect(try ControlRequest(.list).send(to: path).streams?.isEmpty == false)
  }

  @Test("given a socket that is in use, a stale one and a file in its place, then only the stale one gives way")
  func takenPaths() throws {
    let runner = try makeRunner(Collector())
    let server = try ControlServer(path: path, runner: runner, logger: logger)
    #expect(throws: PipelineError.self) { try ControlServer(path: path, runner: runner, logger: logger) }
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
    #expect(mode?.intValue == 0o600)
    server.stop()
    // A run that was killed leaves its socket's file.
    _ = try UnixSocket.listening(at: path)
    let next = try ControlServer(path: path, runner: runner, logger: logger)
    next.stop()
    try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: PipelineError.self) { try ControlServer(path: path, runner: runner, logger: logger) }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    #expect(throws: PipelineError.self) { try UnixSocket.listening(at: String(repeating: "x", count: 200)) }
  }
}
