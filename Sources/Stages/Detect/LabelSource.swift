import Detectors
import Pipeline

/// A stage whose detections have labels that are known before the first frame: `detect.yolo` and `detect.face`.
///
/// This is where to ask what a pipeline can find, at `validate` as well as in a run: stages are made for both. In
/// `connect(to:)`, `(peers.stages[id] as? any LabelSource)?.labels` are the labels of the stage `id`; ``ClassName`` compares
/// a name that a person wrote with them. Of a model that no stage runs, ``DetectorModel`` knows the classes.
public protocol LabelSource: Stage {
  /// The labels that detections of this stage can have: the model's classes, less those that its `classes` leave out.
  var labels: [String] { get }
}

extension DetectYOLO: LabelSource {
  public var labels: [String] { core.labels }
}

extension DetectFace: LabelSource {
  public var labels: [String] { core.labels }
}
