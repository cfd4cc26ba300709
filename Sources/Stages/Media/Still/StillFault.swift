import EdgepipeCore
import Foundation

/// Why a picture cannot be used, in words that help.
enum StillFault {
  static let endsEarly = "its data ends early"

  /// - Parameters:
  ///   - path: the file, whose first bytes tell what it is.
  ///   - reason: what the demuxer or decoder said.
  ///   - losses: what they noted besides.
  static func error(
    _ path: BytePath, _ reason: String, losses: MediaLosses? = nil, consequence: ErrorConsequence = .skipFrame
  ) -> PipelineError {
    let known = known(start(of: path), reason, refused: losses?.refusedSize)
    let (cause, remedy) = known ?? (reason, "check with ffprobe that it is a complete picture")
    return PipelineError(
      "cannot decode '\(path.text)': \(cause)", remedy: remedy, consequence: consequence, code: .malformed)
  }

  /// As ``error(_:_:losses:consequence:)``; nil where no more is known than the reason.
  static func knownError(_ path: BytePath, _ reason: String, losses: MediaLosses) -> PipelineError? {
    guard let (cause, remedy) = known(start(of: path), reason, refused: losses.refusedSize) else { return nil }
    return PipelineError(
      "cannot decode '\(path.text)': \(cause)", remedy: remedy, consequence: .endStream, code: .malformed)
  }

  static func known(
    _ start: [UInt8], _ reason: String, refused: (width: Int, height: Int)? = nil
  ) -> (cause: String, remedy: String)? {
    if let refused, !PictureLimits.allow(width: refused.width, height: refused.height) {
      return ("it has \(refused.width) x \(refused.height) pixels; \(PictureLimits.text)", "scale it down first")
    }
    if reason.hasSuffix(PictureLimits.text) { return (reason, "scale it down first") }
    if reason == endsEarly { return (reason, "copy or create it again: only a part of it has been written") }
    guard let kind = PictureKind(start.span) else { return nil }
    switch kind {
    case .text, .html, .xml:
      return ("it is \(kind.rawValue), not a picture or a video", "use another file, or get this one again")
    case .pdf: return ("it is a PDF document, not a picture or a video", "save its pages as pictures")
    case .webp where WebPFile.isAnimated(start.span):
      return (
        "it is an animated WebP, which this FFmpeg does not decode",
        "save its first picture as a WebP, PNG or JPEG file"
      )
    case .heic, .avif, .jpegXL, .jpegXLBoxes, .bigTIFF:
      return (
        "it is \(kind.article) \(kind.rawValue) picture, which this FFmpeg does not decode (\(reason))",
        "convert it to JPEG or PNG"
      )
    default:
      return (
        "it is \(kind.article) \(kind.rawValue) picture that is damaged, or of a kind that this FFmpeg does not decode (\(reason))",
        "open it with another program: if that shows it, save it again, otherwise get it again"
      )
    }
  }

  /// The first bytes of a file; none where it cannot be read.
  private static func start(of path: BytePath) -> [UInt8] {
    guard let file = path.openForReading() else { return [] }
    return [UInt8]((try? file.read(upToCount: 4096)) ?? Data())
  }
}

extension PictureKind {
  /// Before its name.
  fileprivate var article: String { self == .avif ? "an" : "a" }
}
