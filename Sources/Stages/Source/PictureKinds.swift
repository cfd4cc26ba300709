import CFFmpeg

/// The endings of picture files, as far as the installed FFmpeg decodes them.
enum PictureKinds {
  /// In lower case, without the point.
  static let endings: Set<String> = {
    var endings: Set<String> = []
    for (codec, names) in byCodec where canDecode(codec) { endings.formUnion(names) }
    // Pictures in the boxes of an MP4: an FFmpeg that reads them says so in its list of endings.
    for (codec, names) in inBoxes where canDecode(codec) {
      endings.formUnion(names.filter { movEndings.contains(Substring($0)) })
    }
    return endings
  }()

  private static let byCodec: [String: [String]] = [
    "mjpeg": ["jpg", "jpeg", "jpe", "jfif", "jps", "mpo"], "png": ["png"], "apng": ["apng"], "gif": ["gif"],
    "bmp": ["bmp", "dib"], "webp": ["webp"], "tiff": ["tif", "tiff"], "ppm": ["ppm", "pnm"], "pgm": ["pgm"],
    "pbm": ["pbm"], "pam": ["pam"], "pfm": ["pfm"], "targa": ["tga"], "jpeg2000": ["jp2", "j2k", "j2c", "jpc"],
    "jpegxl": ["jxl"], "jpegls": ["jls"], "qoi": ["qoi"], "exr": ["exr"], "dds": ["dds"], "dpx": ["dpx"],
    "psd": ["psd"], "pcx": ["pcx"], "sgi": ["sgi"], "sunrast": ["ras"], "xbm": ["xbm"], "xwd": ["xwd"],
  ]
  private static let inBoxes: [String: [String]] = ["av1": ["avif"], "hevc": ["heic", "heif"]]

  private static let movEndings: [Substring] = {
    // SAFETY: formats and their texts live as long as the library.
    guard let format = unsafe av_find_input_format("mov"), let list = unsafe format.pointee.extensions else {
      return []
    }
    return unsafe String(cString: list).split(separator: ",")
  }()

  private static func canDecode(_ codec: String) -> Bool {
    // SAFETY: the text is only read, and descriptors live as long as the library.
    guard let descriptor = unsafe avcodec_descriptor_get_by_name(codec) else { return false }
    return unsafe avcodec_find_decoder(descriptor.pointee.id) != nil
  }
}
