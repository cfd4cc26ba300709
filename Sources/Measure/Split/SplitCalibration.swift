package import Detectors
package import EdgepipeCompression
import EdgepipeCore
package import EdgepipeONNX
import Foundation

/// Looks at the features of a cut on calibration pictures.
package struct SplitCalibration {
  private let split: GraphSplit
  private let runner: PartRunner
  private let manifest: ModelManifest

  package init(
    _ split: GraphSplit, _ models: [OnnxModel], manifest: ModelManifest, engine: any GraphEngine
  ) throws {
    (self.split, self.manifest) = (split, manifest)
    runner = PartRunner(
      try models.map { part in
        let data = try part.serialized()
        return { data }
      }, engine: engine, options: SessionOptions(threads: 2, modelName: manifest.name))
  }

  /// - Parameter progress: called with runs done and all runs.
  /// - Throws: a ``PipelineError`` when what goes across is not float32 in channels.
  package func run(_ pictures: [ModelInput], progress: (Int, Int) -> Void = { _, _ in }) throws -> FeatureCalibration {
    var calibration = FeatureCalibration(split.cutTensors)
    let pool = BufferPool(), name = split.graph.inputs.first ?? ""
    for (pass, isSecond) in [false, true].enumerated() {
      for (index, input) in pictures.enumerated() {
        progress(pass * pictures.count + index, 2 * pictures.count)
        let given = GraphTensor(name, input.tensor.prepared(for: manifest.input, pool: pool))
        let made = Array(try runner.run([given], parts: 0..<split.parts.count - 1).values)
        if isSecond { try calibration.count(made) } else { try calibration.widen(made) }
      }
    }
    return calibration
  }
}
