import Foundation
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeONNX

/// Writes every installed built-in model after each graph pass into the folder that `EDGEPIPE_PASS_VARIANTS` names, for
/// `scripts/measure-passes`.
@Suite(.enabled(if: variantsFolder != nil, "writes files for scripts/measure-passes only")) struct PassVariants {
  @Test(arguments: ["yolox-nano", "yolov3-tiny", "retinaface-mnet025", "yunet-n", "centerface"])
  func write(name: String) throws {
    let folder = try #require(variantsFolder), engine = try PassFixture.engine()
    let resolved = try ModelStore.standard().resolve(name)
    var count = 0
    func save(_ model: OnnxModel, _ label: String) throws {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let number = count < 10 ? "0\(count)" : "\(count)"
      count += 1
      try model.write(to: folder.appendingPathComponent("\(name)@\(number)@\(label).onnx"))
    }
    let file = try OnnxModel(resolved)
    var model = file
    try OnnxShapes.free(&model)
    try save(model, "none")
    if file.proto.graph.input.count > 1 {
      // The picture's size free, the list of inputs as it was.
      var listed = model
      listed.proto.graph.input += file.proto.graph.input.dropFirst()
      try save(listed, "weights among inputs")
    }
    try OnnxOpset.upgrade(&model)
    for pass in GraphPasses.all(engine: engine) {
      let before = model.proto
      _ = pass.apply(to: &model)
      if model.proto != before { try save(model, pass.name) }
    }
  }
}

private let variantsFolder = ProcessInfo.processInfo.environment["EDGEPIPE_PASS_VARIANTS"].map {
  URL(fileURLWithPath: $0, isDirectory: true)
}
