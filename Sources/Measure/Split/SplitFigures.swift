package import EdgepipeCompression

/// How good detections are that came over a cut, or from pictures that were compressed.
package struct SplitAccuracy: Sendable, Equatable {
  /// With the whole model on the same pictures, uncompressed (``Agreement/f1``).
  package var f1: Double?
  package var ap: Double?
  package var ap50: Double?
}

/// One way to send a picture, and what comes of it.
package struct SplitFigures: Sendable, Equatable {
  /// Mean bytes of a picture's message or file.
  package var bytes: Double
  /// Median milliseconds to make them here, after the first part has run; nil for pictures, which cameras compress.
  package var encodeMs: Double?
  package var accuracy: SplitAccuracy
}

/// One cut with every number of bits.
package struct CutFigures: Sendable, Equatable {
  package var cut: CutCost
  /// Median milliseconds of the first part here, with one thread.
  package var headMs: Double
  /// Of the whole model, for comparison.
  package var wholeMs: Double
  package var bits: [(bits: Int, figures: SplitFigures)]

  package static func == (one: CutFigures, other: CutFigures) -> Bool {
    one.cut == other.cut && one.headMs == other.headMs && one.wholeMs == other.wholeMs
      && one.bits.map(\.bits) == other.bits.map(\.bits) && one.bits.map(\.figures) == other.bits.map(\.figures)
  }
}

/// Pictures as JPEG files of one quality, at the size that the model sees.
package struct JPEGFigures: Sendable, Equatable {
  /// FFmpeg's: 2 (best) to 31.
  package var quality: Int
  package var figures: SplitFigures
}
