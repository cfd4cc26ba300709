import EdgepipeCompression
import EdgepipeCore
import Measure

/// What `edgepipe models split --measure` prints.
struct SplitFiguresReport {
  var model: String
  var range: FeatureRange
  var pictures: Int
  var calibrated: Int
  /// What the whole model is sure of.
  var objects: Int
  var wholeMs: Double
  var whole: SplitAccuracy
  var cuts: [CutFigures]
  var rivals: [JPEGFigures]

  /// The JPEG that all bytes are shares of: FFmpeg's quality 3 is a little smaller than libjpeg's 85.
  private static let reference = 3
  private var reference: JPEGFigures? { rivals.first { $0.quality == Self.reference } }

  private func share(_ bytes: Double) -> Double? {
    reference.map { bytes / max(1, $0.figures.bytes) }
  }

  var text: String {
    var table = Table(
      ["sent", "bits", "before ms", "encode ms", "bytes", "of JPEG", "F1", "AP", "AP50"],
      alignment: [.left] + Array(repeating: .right, count: 8))
    func cells(_ figures: SplitFigures) -> [String] {
      [
        Figure.text(figures.bytes, decimals: 0), share(figures.bytes).map { Figure.percent($0) } ?? "",
      ]
        + [figures.accuracy.f1, figures.accuracy.ap, figures.accuracy.ap50].map { Figure.text($0 ?? .nan, decimals: 3) }
    }
    for rival in rivals { table.add(["JPEG, quality \(rival.quality)", "", "0", ""] + cells(rival.figures)) }
    for cut in cuts {
      for (bits, figures) in cut.bits {
        table.add(
          [
            cut.cut.tensor, "\(bits)", Figure.text(cut.headMs, decimals: 1),
            figures.encodeMs.map { Figure.text($0, decimals: 1) } ?? "",
          ] + cells(figures))
      }
    }
    let ap = [whole.ap, whole.ap50].map { Figure.text($0 ?? .nan, decimals: 3) }
    return """
      \(table.text)

      whole       \(model): \(Figure.text(wholeMs, decimals: 1)) ms, AP \(ap[0]), AP50 \(ap[1])
      evaluated   on \(pictures) pictures; F1 is the agreement with the whole model's \(objects) objects above 0.4
      calibrated  on \(calibrated) pictures, ranges by \(range.rawValue)
      JPEG        at the size that the model sees; quality is FFmpeg's, 2 (best) to 31; shares are of \
      quality \(Self.reference)
      """
  }

  var value: ReportValue {
    func facts(_ figures: SplitFigures) -> [String: ReportValue] {
      func number(_ value: Double?) -> ReportValue { value.map { .double(($0 * 1e4).rounded() / 1e4) } ?? .null }
      return [
        "bytes": .rounded(figures.bytes), "encode_ms": number(figures.encodeMs),
        "of_jpeg": number(share(figures.bytes)), "f1": number(figures.accuracy.f1), "ap": number(figures.accuracy.ap),
        "ap50": number(figures.accuracy.ap50),
      ]
    }
    return .object([
      "model": .string(model), "range": .string(range.rawValue), "evaluated_pictures": .int(pictures),
      "calibration_pictures": .int(calibrated), "objects": .int(objects),
      "whole": .object([
        "ms": .rounded(wholeMs), "ap": whole.ap.map { .rounded($0) } ?? .null,
        "ap50": whole.ap50.map { .rounded($0) } ?? .null,
      ]),
      "jpeg": .list(
        rivals.map { rival in
          .object(facts(rival.figures).merging(["quality": .int(rival.quality)]) { old, _ in old })
        }),
      "cuts": .list(
        cuts.map { cut in
          .object([
            "tensor": .string(cut.cut.tensor), "shape": .list(cut.cut.shape.map { .int($0) }),
            "share": cut.cut.share.map { .rounded($0) } ?? .null, "before_ms": .rounded(cut.headMs),
            "bits": .list(
              cut.bits.map { bits, figures in
                .object(facts(figures).merging(["bits": .int(bits)]) { old, _ in old })
              }),
          ])
        }),
    ])
  }
}
