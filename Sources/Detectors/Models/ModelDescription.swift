/// What a model file says of itself: the tensors that go in and come out, the exporter's metadata, and what its operators
/// show.
package struct ModelDescription: Sendable, Hashable {
  package var inputs: [TensorDescription]
  package var outputs: [TensorDescription]
  var metadata: ModelMetadata
  var evidence: OutputEvidence
  /// In what numbers its convolutions calculate: float32, float16 or int8.
  var precision: String
  /// The file states several pictures at a time; the shapes here are those that it has once its input size is freed,
  /// which makes them one.
  package var needsFreeing: Bool

  init(
    inputs: [TensorDescription], outputs: [TensorDescription], metadata: ModelMetadata = ModelMetadata(),
    evidence: OutputEvidence = OutputEvidence(), precision: String = "float32", needsFreeing: Bool = false
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.metadata = metadata
    self.evidence = evidence
    self.precision = precision
    self.needsFreeing = needsFreeing
  }
}

/// What lies between a model's last convolutions and its outputs. It tells apart models whose outputs have one shape.
struct OutputEvidence: Sendable, Hashable {
  /// How many channels each of the last convolutions gives; empty when there are none.
  var channels: Set<Int>
  /// YOLOX gives the logarithm of a box's sides: where an exponential follows, the boxes are decoded inside.
  var hasExponential: Bool
  /// YOLOv8 gives a distribution for each side: where a softmax follows, the boxes are decoded inside.
  var hasSoftmax: Bool
  /// Dense layers with stored weights make the output, as in a transformer.
  var hasDense: Bool

  init(
    channels: Set<Int> = [], hasExponential: Bool = false, hasSoftmax: Bool = false, hasDense: Bool = false
  ) {
    self.hasDense = hasDense
    self.channels = channels
    self.hasExponential = hasExponential
    self.hasSoftmax = hasSoftmax
  }
}
