import EdgepipeCore

/// Models that find more than upright boxes: refused by name, for a detector would take keypoints, masks or angles for
/// scores.
enum UnsupportedTask {
  private static let names = [
    "pose": "pose", "segment": "segmentation", "obb": "oriented boxes", "classify": "classification",
  ]

  /// - Throws: a ``PipelineError`` for a model whose metadata, or whose outputs, say that it is one of them.
  static func check(_ file: ModelDescription, model: String, claims: ModelClaims) throws {
    if let task = file.metadata.task, task != "detect" {
      throw refusal(names[task] ?? task, model: model, evidence: "its metadata says task '\(task)'", claims: claims)
    }
    // Masks come as coefficients, beside small pictures that they weigh.
    let ranks = file.outputs.map(\.shape.count).sorted()
    if ranks == [3, 4], let masks = file.outputs.first(where: { $0.shape.count == 4 }), masks.shape[1] == 32 {
      throw refusal(
        "segmentation", model: model, evidence: "it outputs mask prototypes (\(masks.shapeText)) beside its boxes",
        claims: claims)
    }
  }

  static func refusal(_ task: String, model: String, evidence: String, claims: ModelClaims) -> PipelineError {
    claims.unusable(
      "the task of the model '\(model)' is \(task): \(evidence)",
      remedy:
        "pose, segmentation, oriented boxes and classification are not supported: export a model with task 'detect'")
  }
}
