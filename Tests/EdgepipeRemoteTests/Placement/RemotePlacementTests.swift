import Detectors
import Foundation
import Logging
import Pipeline
import PipelineTesting
import Testing

@testable import EdgepipeCore
@testable import EdgepipeRemote
@testable import Stages

/// The whole of a placement around servers and sessions that do as a test says. Their numbers tell where an answer is from:
/// 1 from a server, -1 from here.
struct RemotePlacementTests {
  private struct Rig {
    let placement: RemotePlacement
    let servers: [FakeServer]
    let log: LogLines

    func session() throws -> any PlacedSession { try placement.makeSession(workers: 4) }
  }

  private func rig(
    _ mode: PlacementMode, servers: [FakeServer] = [FakeServer()], _ change: (inout RemoteSettings) -> Void = { _ in }
  ) -> Rig {
    var settings = RemoteSettings()
    change(&settings)
    let log = LogLines()
    let context = StageContext(
      id: "objects", clock: SystemClock(), logger: log.logger(), framesInFlight: 4, threads: ThreadCensus())
    let manifest = ModelManifest(
      name: "model", head: .yolox, input: ModelManifest.Head.yolox.defaultInput, inputSize: 32, classes: ["a"],
      file: "m", sha256: "", licence: "", origin: "")
    let session = FakeSession()
    let request = PlacementRequest(
      mode: mode, settings: settings, manifest: manifest,
      input: InputRequest(format: manifest.input, shape: .square, nominalSize: 32), inputs: session.inputs,
      outputs: session.outputs, context: context)
    return Rig(
      placement: RemotePlacement(request, servers) { FakeSession() }, servers: servers, log: log)
  }

  private var input: Tensor { Tensor(shape: [1, 3, 32, 32], element: .uint8, pool: BufferPool()) }

  private func run(_ session: any PlacedSession, mustStay: Bool = false, within milliseconds: Double? = nil) throws
    -> Float
  {
    session.expect(
      InferenceTerms(
        deadline: milliseconds.map { SystemClock().now().advanced(byMilliseconds: $0) },
        mustStay: mustStay))
    return try session.run(input) { (outputs: borrowing ModelOutputs) in unsafe outputs.outputs[0].values[0] }
  }

  @Test(arguments: [(PlacementMode.cloud, Float(1)), (.cloudFirst, 1), (.edgeFirst, -1)])
  func givenAServerThatAnswersWhenAFrameComesThenTheModeSaysWhereItIsDone(mode: PlacementMode, value: Float) throws {
    let rig = rig(mode)
    defer { rig.placement.close() }
    let session = try rig.session()
    #expect(try run(session) == value)
    #expect(session.place == (value == 1 ? .cloud : .edge))
  }

  @Test func givenAnotherModelThereWhenTheRunBeginsThenItEndsWithBothNames() {
    let server = FakeServer()
    var other = FakeServer.usual
    other.outputs[0].name = "boxes"
    server.set(other)
    let rig = rig(.cloudFirst, servers: [server])
    defer { rig.placement.close() }
    let error = #expect(throws: PipelineError.self) { try rig.session() }
    #expect(error?.code == .mismatch)
    #expect(error?.description.contains("no output 'y' but 'boxes'") == true, "\(error?.description ?? "")")
  }

  @Test func givenNoServerAtTheStartWhenTheModelRunsHereTooThenItGoesOnAndElseItEnds() throws {
    let server = FakeServer()
    server.set(probe: .unreachable)
    let first = rig(.cloudFirst, servers: [server])
    defer { first.placement.close() }
    #expect(try run(first.session()) == -1)
    let only = rig(.cloud, servers: [server])
    defer { only.placement.close() }
    let error = #expect(throws: PipelineError.self) { try only.session() }
    #expect(error?.exit == .unavailable)
  }

  @Test func givenAServerThatFailsWhenFramesComeThenEachIsDoneHereOnceAndItGetsNoMore() throws {
    let server = FakeServer(), rig = rig(.cloudFirst, servers: [server])
    defer { rig.placement.close() }
    let session = try rig.session()
    server.set(.failure(.failed))
    server.set(probe: .failed)
    let values = try (0..<20).map { _ in try run(session) }
    #expect(values == Array(repeating: -1, count: 20))
    #expect(server.inferences == 3)
    #expect(rig.placement.facts["fell_back"] == .int(3))
    #expect(rig.log.all.contains { $0.contains("no server of 'objects' answers; the work is done here") })
  }

  @Test func givenAnAnswerThatComesLateWhenTheFrameIsDoneHereThenItIsDroppedAndCounted() throws {
    let server = FakeServer(), rig = rig(.cloudFirst, servers: [server])
    let session = try rig.session()
    server.set(.held(1))
    #expect(try run(session, within: 30) == -1)
    server.release()
    rig.placement.close()
    guard case .object(let cloud)? = rig.placement.facts["cloud"] else {
      Issue.record("no figures of servers")
      return
    }
    #expect(cloud["late_answers"] == .int(1))
    #expect(cloud["frames"] == .int(0))
  }

  @Test(arguments: [PlacementMode.cloudFirst, .cloud, .route])
  func givenAServerThatIsSilentWhenTheRunMustEndThenItsFramesAreDoneHereOrGoOnWithoutResults(mode: PlacementMode) throws
  {
    let server = FakeServer(), rig = rig(mode, servers: [server]) { $0.timeoutMs = 60_000 }
    defer { rig.placement.close() }
    let session = try rig.session()
    server.set(.held(1))
    let ends = Thread {
      while server.inferences == 0 { sched_yield() }
      rig.placement.stopWaiting()
    }
    if mode != .route { ends.start() } else { rig.placement.stopWaiting() }
    for _ in 0..<3 {
      if mode == .cloud {
        #expect(throws: NoAnswer.self) { try run(session) }
      } else {
        #expect(try run(session) == -1)
      }
    }
    #expect(server.inferences == (mode == .route ? 0 : 1))
  }

  @Test func givenAFrameThatMustStayWhenOnlyServersMayDoItThenItGoesOnWithoutResults() throws {
    let server = FakeServer(), rig = rig(.cloud, servers: [server])
    defer { rig.placement.close() }
    let session = try rig.session()
    #expect(throws: NoAnswer.self) { try run(session, mustStay: true) }
    #expect(server.inferences == 0)
    #expect(rig.placement.facts["kept_here"] == .int(1))
  }

  @Test func givenASecondServerWhenTheFirstFailsThenItIsAskedForTheSameFrame() throws {
    let servers = [FakeServer("http://a:1"), FakeServer("http://b:1")], rig = rig(.cloud, servers: servers)
    defer { rig.placement.close() }
    let session = try rig.session()
    servers[0].set(.failure(.unreachable))
    servers[0].set(probe: .unreachable)
    let values = try (0..<20).map { _ in try run(session) }
    #expect(values == Array(repeating: 1, count: 20))
    #expect((1...3).contains(servers[0].inferences))
    #expect(servers[1].inferences == 20)
  }

  @Test func givenABudgetWhenItIsSpentThenFramesAreDoneHere() throws {
    let rig = rig(.cloudFirst) { $0.bytesPerHour = 6 * 3072 + 600 }
    defer { rig.placement.close() }
    let session = try rig.session()
    let values = try (0..<60).map { _ in try run(session, within: 200) }
    // The first one is taken for as many bytes as its picture has; each really takes 120.
    #expect(values.first == 1)
    #expect(values.last == -1)
    #expect(values.count { $0 == 1 } == 26)
  }
}
