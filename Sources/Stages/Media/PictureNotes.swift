import CFFmpeg
import EdgepipeCore

/// What the run report says of a stream's pictures: noted with the first one, and when it changes. Used by one thread.
struct PictureNotes {
  private struct Look: Equatable {
    var color: PictureColor
    var space: UInt32
    var primaries: UInt32
    var transfer: UInt32
    var aspect: Double
  }

  private var look: Look?

  /// What has to be said, or nil when all is as before.
  mutating func note(_ picture: DecodedPicture) -> [String: ReportValue]? {
    let seen = unsafe picture.withFrame { frame in
      unsafe Look(
        color: picture.color, space: frame.pointee.colorspace.rawValue,
        primaries: frame.pointee.color_primaries.rawValue,
        transfer: frame.pointee.color_trc.rawValue, aspect: picture.pixelAspect)
    }
    guard seen != look else { return nil }
    look = seen
    return unsafe picture.withFrame { unsafe Self.facts(seen, format: AVPixelFormat($0.pointee.format)) }
  }

  private static func facts(_ look: Look, format: AVPixelFormat) -> [String: ReportValue] {
    var facts: [String: ReportValue] = ["color": .string(words(look, format))]
    if let hdr = hdr(AVColorTransferCharacteristic(rawValue: look.transfer)) { facts["hdr"] = .string(hdr) }
    if look.aspect != 1 { facts["pixel_aspect"] = .double(look.aspect) }
    return facts
  }

  /// High dynamic range, by the transfer function that says so. The pixels are used as they are.
  static func hdr(_ transfer: AVColorTransferCharacteristic) -> String? {
    switch transfer {
    case AVCOL_TRC_SMPTE2084: "PQ"
    case AVCOL_TRC_ARIB_STD_B67: "HLG"
    default: nil
    }
  }

  private static func words(_ look: Look, _ format: AVPixelFormat) -> String {
    let range = look.color.isFullRange ? "full range" : "limited range"
    let space = AVColorSpace(rawValue: look.space)
    // SAFETY: the names are static, and null for numbers without one.
    func name(_ text: UnsafePointer<CChar>?) -> String { unsafe text.map { unsafe String(cString: $0) } ?? "unknown" }
    var words: [String] = []
    if PictureColor.isRGB(format) {
      words.append("rgb")
    } else if space == AVCOL_SPC_UNSPECIFIED {
      words.append("no matrix given, read as bt601")
    } else if PictureColor.knows(space) {
      words.append(unsafe name(av_color_space_name(space)))
    } else {
      words.append("\(unsafe name(av_color_space_name(space))), read as bt601")
    }
    words.append(range)
    if look.primaries != AVCOL_PRI_UNSPECIFIED.rawValue {
      words.append("primaries \(unsafe name(av_color_primaries_name(AVColorPrimaries(rawValue: look.primaries))))")
    }
    if look.transfer != AVCOL_TRC_UNSPECIFIED.rawValue {
      words.append(
        "transfer \(unsafe name(av_color_transfer_name(AVColorTransferCharacteristic(rawValue: look.transfer))))")
    }
    return words.joined(separator: ", ")
  }
}
