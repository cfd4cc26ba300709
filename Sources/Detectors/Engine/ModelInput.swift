import EdgepipeCore

/// A preprocessed picture on its way to a model: hung on the frame under the consuming stage's id.
public final class ModelInput: Sendable {
  public let tensor: Tensor
  public let geometry: LetterboxGeometry

  public init(tensor: Tensor, geometry: LetterboxGeometry) {
    self.tensor = tensor
    self.geometry = geometry
  }
}
