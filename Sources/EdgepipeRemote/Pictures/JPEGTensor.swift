import Detectors
import EdgepipeCore
import Stages

/// Pictures in tensors as JPEG files, for models that take a file in place of pixels.
enum JPEGTensor {
  /// One JPEG in a tensor of type `BYTES` and shape [1].
  ///
  /// - Parameters:
  ///   - tensor: one picture of type UINT8, in the shape [1, 3, height, width] or [1, height, width, 3].
  ///   - quality: 1 ... 100.
  /// - Throws: `mismatch` for other tensors.
  static func encoded(_ tensor: Tensor, quality: Int, isBGR: Bool) throws(RemoteFailure) -> OutgoingTensor {
    let shape = tensor.shape
    guard tensor.element == .uint8, shape.count == 4, shape[0] == 1, shape[1] == 3 || shape[3] == 3 else {
      throw RemoteFailure(
        .mismatch,
        "only one picture of type UINT8 can go out as a JPEG, and the tensor is \(Datatype(tensor.element).rawValue) of \(shape)",
        mayHaveRun: false)
    }
    let isPlanar = shape[1] == 3
    let still = TensorStill(
      width: isPlanar ? shape[3] : shape[2], height: isPlanar ? shape[2] : shape[1], isPlanar: isPlanar, isBGR: isBGR,
      quality: quality)
    do {
      // SAFETY: the tensor is only read, as it says of itself.
      return OutgoingTensor(bytes: try unsafe tensor.buffer.withBytes { try unsafe still.jpeg($0) })
    } catch { throw RemoteFailure(.mismatch, "the picture cannot go out as a JPEG: \(error)", mayHaveRun: false) }
  }
}
