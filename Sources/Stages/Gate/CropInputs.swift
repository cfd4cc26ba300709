import Detectors
import EdgepipeCore
import Pipeline

/// Hung on a frame beside the input of its first crop: all crops that a detector is to look at, each prepared for the model.
final class CropInputs: FrameAttachment {
  struct Crop: Sendable {
    /// Where it lies in the picture.
    let place: Box
    let input: ModelInput
  }

  let crops: [Crop]

  init(_ crops: [Crop]) { self.crops = crops }

  static func key(of stage: String) -> String { "\(stage)/crops" }
}
