import Detectors
import EdgepipeCore
import Foundation
import Testing

@testable import EdgepipeRemote

/// What `Benchmarks/remote-latency` asks for.
private struct LatencyPlan: Decodable {
  static let given: LatencyPlan? = ProcessInfo.processInfo.environment["EDGEPIPE_REMOTE_LATENCY"].flatMap {
    try? JSONDecoder().decode(LatencyPlan.self, from: Data($0.utf8))
  }

  var http: Int
  var grpc: Int
  var model: String
  var shape: [Int]
  var rounds: Int
  /// `http` and `grpc`.
  var way: String
  /// Where the times go, in nanoseconds.
  var output: String
}

/// Not a test but a measurement, which `Benchmarks/remote-latency` starts: how long calls take, one after the other.
@Suite(.enabled(if: LatencyPlan.given != nil, "Benchmarks/remote-latency starts it"))
struct RemoteLatencyTests {
  @Test("given a server, when it is asked many times, then the times are written down")
  func measure() throws {
    let plan = try #require(LatencyPlan.given), way = try #require(ServerSettings.Way(rawValue: plan.way))
    let client = try Requests.client(
      Requests.settings(way, port: way == .http ? plan.http : plan.grpc, model: plan.model))
    defer { client.close() }
    let tensor = Requests.tensor(plan.shape, bytes: [UInt8](repeating: 7, count: plan.shape.reduce(1, *)))
    var times: [Int64] = []
    for round in 0..<plan.rounds {
      let begin = SystemClock().now()
      let answer = try client.infer(InferRequest(id: "\(round)", input: tensor), until: Requests.soon(10), nil)
      times.append(SystemClock().now().nanoseconds(since: begin))
      #expect(answer.outputs.count == 1)
    }
    try JSONEncoder().encode(times).write(to: URL(fileURLWithPath: plan.output))
  }
}
