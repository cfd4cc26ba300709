import CFFmpeg

/// What a video file says of its pictures beside their pixels: kept from the first picture to the file.
struct VideoTags: Hashable, Sendable {
  /// How the file's pixels are read.
  var color = PictureColor(isFullRange: false, matrix: SWS_CS_ITU601)
  // FFmpeg's numbers; 2 is "not known". Primaries and transfer are kept as they are: HDR stays HDR by its tags.
  var space = AVCOL_SPC_UNSPECIFIED.rawValue
  var primaries = AVCOL_PRI_UNSPECIFIED.rawValue
  var transfer = AVCOL_TRC_UNSPECIFIED.rawValue
  /// The shape of a pixel; 0 when it is not known.
  var aspectWidth: Int32 = 0
  var aspectHeight: Int32 = 1

  init() {}

  init(of picture: DecodedPicture) {
    unsafe picture.withFrame { frame in
      unsafe primaries = frame.pointee.color_primaries.rawValue
      unsafe transfer = frame.pointee.color_trc.rawValue
      unsafe space = frame.pointee.colorspace.rawValue
      let aspect = unsafe frame.pointee.sample_aspect_ratio
      if aspect.num == aspect.den || picture.pixelAspect != 1 { (aspectWidth, aspectHeight) = (aspect.num, aspect.den) }
      color = picture.color
      guard unsafe PictureColor.isRGB(AVPixelFormat(frame.pointee.format)) else { return }
      // Made into YCbCr here, with the matrix that is usual at the size.
      let isHD = max(picture.width, picture.height) >= 1280 || min(picture.width, picture.height) >= 720
      color = PictureColor(isFullRange: false, matrix: isHD ? SWS_CS_ITU709 : SWS_CS_ITU601)
      space = (isHD ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M).rawValue
    }
  }

  /// Tells an encoder.
  func describe(_ context: UnsafeMutablePointer<AVCodecContext>) {
    unsafe context.pointee.color_range = color.isFullRange ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG
    unsafe context.pointee.colorspace = AVColorSpace(rawValue: space)
    unsafe context.pointee.color_primaries = AVColorPrimaries(rawValue: primaries)
    unsafe context.pointee.color_trc = AVColorTransferCharacteristic(rawValue: transfer)
    unsafe context.pointee.sample_aspect_ratio = AVRational(num: aspectWidth, den: max(1, aspectHeight))
  }
}
