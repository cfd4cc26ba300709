import CFFmpeg
import EdgepipeCore
import Pipeline

extension DecodedPicture {
  /// A part of the picture that shares its pixels. `part` lies in the picture; its edges are moved to whole pixels of all
  /// planes.
  func crop(_ part: Box) throws(PipelineError) -> DecodedPicture? {
    guard let copy = unsafe withFrame({ unsafe av_frame_clone($0) }) else {
      throw PipelineError("cannot allocate memory for a picture", code: .internalFault)
    }
    // Chroma planes may have half as many rows and columns.
    let left = Int(part.x) & ~1, top = Int(part.y) & ~1
    let right = min(width, Int(part.maxX.rounded(.up))), bottom = min(height, Int(part.maxY.rounded(.up)))
    unsafe copy.pointee.crop_left = left
    unsafe copy.pointee.crop_top = top
    unsafe copy.pointee.crop_right = max(0, width - right)
    unsafe copy.pointee.crop_bottom = max(0, height - bottom)
    // SAFETY: the frame is ours; the call moves its plane pointers within the buffers that it refers to.
    guard unsafe av_frame_apply_cropping(copy, Int32(AV_FRAME_CROP_UNALIGNED)) >= 0,
      unsafe copy.pointee.width > 0, unsafe copy.pointee.height > 0
    else {
      var unused: UnsafeMutablePointer<AVFrame>? = unsafe copy
      unsafe av_frame_free(&unused)
      return nil
    }
    return unsafe DecodedPicture(taking: copy)
  }
}
