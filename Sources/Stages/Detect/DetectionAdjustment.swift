import Detectors
import EdgepipeCore
import Pipeline

/// What workers of a detecting stage use of its options.
public struct DetectionAdjustment: GatedAdjustment {
  let options: DetectorOptions
  let gate: GateSettings
  let model: RunningModel
  let threads: Int
  /// What it may find.
  let labels: Set<String>

  var request: InputRequest { model.request }

  /// - Throws: ``PipelineError`` for classes that the model does not know.
  init(_ settings: DetectorSettings, classes: [String]?, _ model: RunningModel) throws {
    self.model = model
    options = DetectorOptions(
      score: Float(settings.score), iou: Float(settings.iou), maxDetections: settings.maxDetections,
      classes: try classes.map { try ClassNames.indices(of: $0, in: model.manifest) })
    labels = Set(options.classes.map { $0.map { model.manifest.classes[$0] } } ?? model.manifest.classes)
    (gate, threads) = (settings.gate, settings.threads)
  }
}
