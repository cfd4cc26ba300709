import CFFmpeg

/// What a container says of its pictures' colours: it counts where the coded pictures say nothing.
///
/// FFmpeg's decoders put "not known" in its place, so that it must be taken from the header before any of them runs.
struct ContainerColor: Hashable, Sendable {
  var range = AVCOL_RANGE_UNSPECIFIED.rawValue
  var primaries = AVCOL_PRI_UNSPECIFIED.rawValue
  var transfer = AVCOL_TRC_UNSPECIFIED.rawValue
  var space = AVCOL_SPC_UNSPECIFIED.rawValue

  init() {}

  init(_ parameters: UnsafePointer<AVCodecParameters>) {
    unsafe range = parameters.pointee.color_range.rawValue
    unsafe primaries = parameters.pointee.color_primaries.rawValue
    unsafe transfer = parameters.pointee.color_trc.rawValue
    unsafe space = parameters.pointee.color_space.rawValue
  }

  /// Fills in what a decoded picture leaves open.
  func complete(_ frame: UnsafeMutablePointer<AVFrame>) {
    if unsafe frame.pointee.color_range == AVCOL_RANGE_UNSPECIFIED {
      unsafe frame.pointee.color_range = AVColorRange(rawValue: range)
    }
    if unsafe frame.pointee.color_primaries == AVCOL_PRI_UNSPECIFIED {
      unsafe frame.pointee.color_primaries = AVColorPrimaries(rawValue: primaries)
    }
    if unsafe frame.pointee.color_trc == AVCOL_TRC_UNSPECIFIED {
      unsafe frame.pointee.color_trc = AVColorTransferCharacteristic(rawValue: transfer)
    }
    if unsafe frame.pointee.colorspace == AVCOL_SPC_UNSPECIFIED {
      unsafe frame.pointee.colorspace = AVColorSpace(rawValue: space)
    }
  }
}
