package import Foundation
import Testing

/// A model as a test's server has it.
package struct ServedModel: Encodable {
  package struct Tensor: Encodable {
    package var name: String
    /// As the open inference protocol writes it; `BYTES` for a JPEG that the model gets as pixels.
    package var datatype: String
    /// -1 for open dimensions.
    package var shape: [Int]

    package init(_ name: String, _ datatype: String, _ shape: [Int]) {
      self.name = name
      self.datatype = datatype
      self.shape = shape
    }
  }

  package var name: String
  /// An ONNX model's path; nil for outputs that are all 0.5.
  package var file: String?
  package var input: Tensor
  package var outputs: [Tensor]
  /// Slept before each inference, in seconds.
  package var sleep: Double

  package init(_ name: String, file: String?, input: Tensor, outputs: [Tensor], sleep: Double = 0) {
    self.name = name
    self.file = file
    self.input = input
    self.outputs = outputs
    self.sleep = sleep
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    // Null too: the server looks for the key.
    try container.encode(file, forKey: .file)
    try container.encode(input, forKey: .input)
    try container.encode(outputs, forKey: .outputs)
    try container.encode(sleep, forKey: .sleep)
  }

  private enum CodingKeys: String, CodingKey { case name, file, input, outputs, sleep }
}

/// A real NVIDIA Triton on free ports of 127.0.0.1, whose models run in ONNX Runtime; it ends with this object.
package final class TritonServer {
  /// Whether `scripts/setup --tests` has installed it.
  package static let isAvailable = InferenceServerHelper.has("lib/python3.11/site-packages/pytriton/tritonserver/bin")

  package let httpPort: Int
  package let grpcPort: Int
  package let metricsPort: Int
  private let helper: InferenceServerHelper

  /// - Parameters:
  ///   - models: ready when this returns.
  ///   - tls: gRPC's certificate and key, and the authority whose clients it takes.
  package init(_ models: [ServedModel], tls: (server: Certificates.Pair, authority: Certificates.Pair)? = nil) throws {
    let more = tls.map { ["--tls", $0.server.certificate, $0.server.key, $0.authority.certificate] } ?? []
    helper = try InferenceServerHelper("triton", models, more)
    httpPort = try helper.port("http")
    grpcPort = try helper.port("grpc")
    metricsPort = try helper.port("metrics")
  }

  /// Gone at once, as after a crash of its machine: connections end.
  package func stop() { helper.stop() }
}

/// A real MLServer, likewise: another implementation of the protocol, without the binary tensor extension.
package final class MLServer {
  package static let isAvailable = InferenceServerHelper.has("bin/mlserver")

  package let httpPort: Int
  package let grpcPort: Int
  private let helper: InferenceServerHelper

  package init(_ models: [ServedModel]) throws {
    helper = try InferenceServerHelper("mlserver", models, [])
    httpPort = try helper.port("http")
    grpcPort = try helper.port("grpc")
  }
}

/// TLS in front of a port of 127.0.0.1.
package final class TLSProxy {
  package let port: Int
  private let helper: InferenceServerHelper

  /// - Parameters:
  ///   - authority: clients have to show a certificate of this one.
  ///   - isOld: TLS 1.2 in place of 1.3.
  package init(
    before port: Int, _ pair: Certificates.Pair, authority: Certificates.Pair? = nil, isOld: Bool = false
  ) throws {
    helper = try InferenceServerHelper(
      ["tls", "\(port)", pair.certificate, pair.key] + (authority.map { [$0.certificate] } ?? [])
        + (isOld ? ["--old"] : []))
    self.port = try helper.port("http")
  }
}

/// `inference_servers.py` at work beside a test; ends with its standard input, and so with this object.
private final class InferenceServerHelper {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var folder: URL?
  private var ports: [String: Int] = [:]

  static func has(_ path: String) -> Bool {
    let place = TestData.packageRoot.appendingPathComponent(".deps/servers").appendingPathComponent(path)
    return FileManager.default.fileExists(atPath: place.path)
  }

  convenience init(_ kind: String, _ models: [ServedModel], _ more: [String]) throws {
    let folder = try TestData.temporaryFolder(kind)
    let text = String(decoding: try JSONEncoder().encode(models), as: UTF8.self)
    try self.init([kind, folder.path, text] + more, folder)
  }

  init(_ arguments: [String], _ folder: URL? = nil) throws {
    self.folder = folder
    let script = TestData.packageRoot.appendingPathComponent("Tests/PipelineTestSupport/inference_servers.py").path
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [script] + arguments
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    var text = Data()
    while !text.contains(UInt8(ascii: "\n")) {
      let more = output.fileHandleForReading.readSome()
      if more.isEmpty { break }
      text += more
    }
    let line = String(decoding: text, as: UTF8.self)
    try #require(line.hasPrefix("ready "), "the server said: \(line)")
    ports = try JSONDecoder().decode([String: Int].self, from: Data(line.dropFirst(6).utf8))
  }

  deinit {
    stop()
    if let folder { try? FileManager.default.removeItem(at: folder) }
  }

  func port(_ name: String) throws -> Int { try #require(ports[name]) }

  func stop() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }
}
