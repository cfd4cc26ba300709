import Detectors
import EdgepipeCore
import Foundation
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeRemote

/// Two independent servers give the numbers that ONNX Runtime gives.
@Suite(
  .serialized,
  .enabled(
    if: TritonServer.isAvailable && MLServer.isAvailable && ModelFiles.yoloxNano != nil && TestData.python != nil,
    "needs .deps/servers and .deps/python (scripts/setup --tests) and the test data"))
struct RealServerTests {
  /// YOLOX-nano with a small input, and models of other kinds.
  private static func models() throws -> [ServedModel] {
    let file = try #require(ModelFiles.yoloxNano).path
    let output = ServedModel.Tensor("output", "FP32", [1, -1, 85])
    return [
      ServedModel("yolox", file: file, input: .init("images", "FP32", [1, 3, -1, -1]), outputs: [output]),
      ServedModel("half", file: nil, input: .init("x", "FP16", [-1]), outputs: [.init("y", "FP16", [3])]),
      ServedModel("wide", file: nil, input: .init("x", "UINT8", [-1]), outputs: [.init("y", "FP64", [2, 2])]),
      ServedModel("picture", file: file, input: .init("file", "BYTES", [1]), outputs: [output]),
      ServedModel("slow", file: nil, input: .init("x", "UINT8", [-1]), outputs: [.init("y", "FP32", [1])], sleep: 30),
    ]
  }

  private static let pixels: [UInt8] = {
    var random = SplitMix64(seed: 7)
    return (0..<3 * 416 * 416).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }()

  /// What ONNX Runtime gives for these pixels.
  private func expected() throws -> [Float] {
    let folder = try TestData.temporaryFolder("expected")
    defer { try? FileManager.default.removeItem(at: folder) }
    let input = folder.appendingPathComponent("in"), output = folder.appendingPathComponent("out")
    try Data(Self.pixels).write(to: input)
    let script = """
      import sys, numpy as np, onnxruntime
      x = np.fromfile(sys.argv[2], np.uint8).reshape(1, 3, 416, 416).astype(np.float32)
      onnxruntime.InferenceSession(sys.argv[1]).run(None, {"images": x})[0].tofile(sys.argv[3])
      """
    let model = try #require(ModelFiles.yoloxNano).path
    _ = try #require(try ModelFiles.python(script, [model, input.path, output.path]))
    let data = try Data(contentsOf: output)
    return unsafe data.withUnsafeBytes { unsafe Array($0.bindMemory(to: Float.self)) }
  }

  private func expectSame(_ answer: InferAnswer, _ expected: [Float]) {
    let values = answer.outputs.first?.values ?? []
    #expect(values.count == expected.count && answer.outputs.first?.shape == [1, expected.count / 85, 85])
    // The same library in another version: sums may be taken in another order.
    let most = zip(values, expected).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? .infinity
    #expect(most < 1e-4)
  }

  @Test("given Triton, when it is asked in each way, then its answers are ONNX Runtime's")
  func triton() throws {
    let server = try TritonServer(try Self.models()), expected = try expected()
    let picture = Requests.tensor([1, 3, 416, 416], Self.pixels.map(Float.init))
    for (way, encoding, isCompressed) in [
      (ServerSettings.Way.http, ServerSettings.Encoding.auto, false), (.http, .binary, true), (.http, .json, false),
      (.grpc, .auto, false), (.grpc, .auto, true),
    ] {
      var settings = Requests.settings(way, port: way == .http ? server.httpPort : server.grpcPort, model: "yolox")
      settings.encoding = encoding
      settings.isCompressed = isCompressed
      settings.version = "1"
      let warnings = Mutex<[String]>([])
      let client = try Requests.client(settings) { warning in warnings.withLock { $0.append(warning) } }
      defer { client.close() }
      try client.probe(until: Requests.soon())
      let about = try client.describe(until: Requests.soon())
      #expect(about.isReady && about.serverName == "triton" && about.modelVersions == ["1"])
      #expect(about.inputs == [RemoteTensor(name: "images", datatype: "FP32", shape: [1, 3, -1, -1])])
      for id in ["a", "b"] {
        let answer = try client.infer(InferRequest(id: id, input: picture), until: Requests.soon(), nil)
        expectSame(answer, expected)
        #expect(answer.receivedBytes > 0 && answer.sentBytes > 0)
      }
      #expect(warnings.withLock { $0 }.isEmpty)
    }
  }

  @Test("given MLServer, when it is asked in each way, then its answers are ONNX Runtime's, and JSON is told once")
  func mlServer() throws {
    let server = try MLServer([try Self.models()[0]]), expected = try expected()
    let picture = Requests.tensor([1, 3, 416, 416], Self.pixels.map(Float.init))
    for way in [ServerSettings.Way.http, .grpc] {
      let warnings = Mutex<[String]>([])
      let settings = Requests.settings(way, port: way == .http ? server.httpPort : server.grpcPort, model: "yolox")
      let client = try Requests.client(settings) { warning in warnings.withLock { $0.append(warning) } }
      defer { client.close() }
      try client.probe(until: Requests.soon())
      for id in ["a", "b"] {
        expectSame(try client.infer(InferRequest(id: id, input: picture), until: Requests.soon(), nil), expected)
      }
      #expect(warnings.withLock { $0 }.count == (way == .http ? 1 : 0))
    }
  }

  @Test("given other element types, when they come, then they are floats here")
  func types() throws {
    let server = try TritonServer(try Self.models())
    let half = Tensor(shape: [3], element: .float16, pool: BufferPool())
    _ = unsafe half.buffer.withBytes { unsafe $0.initializeMemory(as: UInt8.self, repeating: 0) }
    let cases = [("half", half, [3]), ("wide", Requests.tensor([2], bytes: [1, 2]), [2, 2])]
    for (model, tensor, shape) in cases {
      for (way, port) in [(ServerSettings.Way.http, server.httpPort), (.grpc, server.grpcPort)] {
        let client = try Requests.client(Requests.settings(way, port: port, model: model))
        defer { client.close() }
        let answer = try client.infer(InferRequest(id: "1", input: tensor), until: Requests.soon(), nil)
        #expect(answer.outputs.map(\.shape) == [shape])
        #expect(answer.outputs.first?.values.allSatisfy { $0 == 0.5 } == true)
      }
    }
  }

  @Test("given a model that takes files, when a picture is sent as a JPEG, then the model sees nearly the same picture")
  func jpeg() throws {
    let server = try TritonServer(try Self.models())
    // A smooth picture, since noise is what a JPEG loses: red across, green down, blue constant.
    var smooth: [UInt8] = []
    for plane in 0..<3 {
      for row in 0..<416 {
        for column in 0..<416 { smooth.append(UInt8(plane == 0 ? column / 2 : plane == 1 ? row / 2 : 90)) }
      }
    }
    func answer(_ way: ServerSettings.Way, _ model: String, _ tensor: Tensor, _ encoding: ServerSettings.Encoding)
      throws
      -> InferAnswer
    {
      var settings = Requests.settings(way, port: way == .http ? server.httpPort : server.grpcPort, model: model)
      settings.encoding = encoding
      settings.jpegQuality = 95
      let client = try Requests.client(settings)
      defer { client.close() }
      return try client.infer(InferRequest(id: "1", input: tensor), until: Requests.soon(), nil)
    }
    let whole = try answer(.http, "yolox", Requests.tensor([1, 3, 416, 416], smooth.map(Float.init)), .auto)
    // What colours in the wrong places would make of it.
    let plane = 416 * 416, other = smooth[(2 * plane)...] + smooth[plane..<2 * plane] + smooth[..<plane]
    let swapped = try zip(
      whole.outputs[0].values,
      answer(.http, "yolox", Requests.tensor([1, 3, 416, 416], other.map(Float.init)), .auto).outputs[0].values
    ).map { abs($0 - $1) }.reduce(0, +)
    for way in [ServerSettings.Way.http, .grpc] {
      let small = try answer(way, "picture", Requests.tensor([1, 3, 416, 416], bytes: smooth), .jpeg)
      let (a, b) = (whole.outputs[0].values, small.outputs[0].values)
      #expect(a.count == b.count)
      let difference = zip(a, b).map { abs($0 - $1) }.reduce(0, +)
      #expect(difference < swapped / 3, "\(difference), and with swapped colours \(swapped)")
      // The pixels themselves are half a megabyte.
      #expect(small.sentBytes < 20_000)
    }
  }

  @Test(
    "given a slow model, when the limit comes or the call is cancelled, then it ends then", arguments: ["http", "grpc"])
  func ended(_ name: String) throws {
    let server = try TritonServer(try Self.models()), way = try #require(ServerSettings.Way(rawValue: name))
    let client = try Requests.client(
      Requests.settings(way, port: way == .http ? server.httpPort : server.grpcPort, model: "slow"))
    defer { client.close() }
    let request = InferRequest(id: "1", input: Requests.tensor([2], bytes: [1, 2]))
    _ = try client.describe(until: Requests.soon())
    let late = Requests.failure { _ = try client.infer(request, until: Requests.soon(0.5), nil) }
    #expect(late?.kind == .late && late?.mayHaveRun == true, "\(String(describing: late))")
    let cancellation = CallCancellation()
    let ender = try WorkerThread(name: "ender") { cancellation.cancel() }
    let failure = Requests.failure { _ = try client.infer(request, until: Requests.soon(20), cancellation) }
    #expect(failure?.kind == .cancelled, "\(String(describing: failure))")
    ender.join()
  }

  @Test("given what the model does not take, when it is asked, then nothing is sent", arguments: ["http", "grpc"])
  func mismatch(_ name: String) throws {
    let server = try TritonServer(try Self.models()), way = try #require(ServerSettings.Way(rawValue: name))
    func failure(_ model: String, _ tensor: Tensor) throws -> RemoteFailure {
      let client = try Requests.client(
        Requests.settings(way, port: way == .http ? server.httpPort : server.grpcPort, model: model))
      defer { client.close() }
      return try #require(
        Requests.failure { _ = try client.infer(InferRequest(id: "1", input: tensor), until: Requests.soon(), nil) })
    }
    let type = try failure("yolox", Requests.tensor([1, 3, 2, 2], bytes: [UInt8](repeating: 0, count: 12)))
    #expect(type.kind == .mismatch && !type.mayHaveRun, "\(type)")
    let shape = try failure("yolox", Requests.tensor([3], [1, 2, 3]))
    #expect(shape.kind == .mismatch && !shape.mayHaveRun, "\(shape)")
    let unknown = try failure("nothing", Requests.small)
    #expect(unknown.kind == .refused, "\(unknown)")
  }
}
