/// What a stream's picture may suffer from.
enum PictureFault: String, Sendable, Hashable, CaseIterable {
  /// Something is in front of the lens: the usual picture is gone, and so is its detail.
  case covered
  /// The picture stays the same to the last bit or nearly so, although that is not usual.
  case frozen
  /// The large shapes are there, the fine detail is gone.
  case blurred
  case dark
  case bright
  /// There is detail, and not where it usually is.
  case turned
}

/// What one picture of a stream looks like beside its usual one.
struct PictureFigures: Sendable, Hashable {
  /// Mean brightness, 0 to 1 from black to white.
  var brightness: Double
  var usualBrightness: Double
  /// Standard deviation of brightness, 0 to 1.
  var contrast: Double
  var usualContrast: Double
  /// The picture's detail as a share of the usual one.
  var sharpness: Double
  /// Parts of the picture that usually have detail.
  var texturedParts: Int
  /// The share of those that have lost theirs.
  var lostShare: Double
  /// Of those that have not, the share whose edges are where they usually are.
  var matchShare: Double
  /// How far the parts that have lost their detail are bright and dark like the usual ones: the correlation of their
  /// means, -1 to 1.
  var likeness: Double
  /// Mean difference to the most similar one of the last pictures, in levels of 255.
  var difference: Double
}

/// Judges a picture by its figures: each limit stands here.
///
/// Chosen on real scenes with faults made by FFmpeg's filters: nothing is beyond the limits for longer than a second
/// without a fault, however close cars pass by; with one, nearly every picture is (docs/faults.md).
enum PictureRules {
  /// A part has lost its detail when so little of it is left, as a share of the usual.
  static let detailLeft: Float = 0.4
  /// Parts whose detail is less say nothing, in levels of 255.
  static let leastDetail: Float = 2
  /// With fewer parts that have detail nothing is judged but brightness and whether the picture moves.
  static let leastParts = 8
  /// Edges of a part are where they usually are from this correlation on.
  static let leastMatch: Float = 0.3

  static let lostLimit = 0.5
  /// Darkness and glare leave more detail than a cover does.
  static let lostLightLimit = 0.25
  static let lostWell = 0.35
  static let likenessLimit = 0.5
  static let likenessDarkLimit = 0.3
  static let matchLimit = 0.35
  static let matchWell = 0.5
  /// The share of the picture that must still have detail for a judgement on where it is.
  static let leastLeft = 0.2
  /// A picture whose edges are not where they usually are is blurred rather than turned when so much of it has lost its
  /// detail, and less than this is left of the whole.
  static let leastLost = 0.2
  static let softLimit = 0.6
  static let darkLimit = 0.4
  static let brightLimit = 0.85
  static let brightRise = 1.3
  /// With so bright a mean, most of the picture is white: that is glare, however much detail the rest of it keeps.
  static let glareLimit = 0.95
  /// Glare that was told is over below one of these.
  static let brightWell = 0.8
  static let brightRiseWell = 1.2

  enum Verdict: Sendable, Hashable {
    case well
    /// Between the limits: neither a sign of a fault nor of its end.
    case unclear
    case bad(PictureFault)
  }

  /// What is wrong with the view; whether the picture moves is judged over time, by ``Stillness``.
  static func verdict(_ figures: PictureFigures) -> Verdict {
    guard figures.texturedParts >= leastParts else { return .well }
    let isBright = figures.brightness >= brightLimit && figures.brightness >= brightRise * figures.usualBrightness
    if isBright, figures.brightness >= glareLimit { return .bad(.bright) }
    if figures.lostShare >= lostLightLimit {
      if figures.brightness <= darkLimit * figures.usualBrightness, figures.likeness >= likenessDarkLimit {
        return .bad(.dark)
      }
      if isBright { return .bad(.bright) }
    }
    // What is left of a blurred picture is noise, which matches nothing: that comes first.
    let isLike = figures.likeness >= likenessLimit
    if figures.lostShare >= lostLimit, isLike { return .bad(.blurred) }
    if 1 - figures.lostShare >= leastLeft, figures.matchShare < matchLimit {
      let isSoft = figures.lostShare >= leastLost && figures.sharpness < softLimit
      return .bad(isSoft && isLike ? .blurred : .turned)
    }
    if figures.lostShare >= lostLimit { return .bad(.covered) }
    return figures.lostShare <= lostWell && figures.matchShare >= matchWell ? .well : .unclear
  }

  /// Whether glare that was told goes on: its detail comes and goes with what moves in the rest of the picture.
  static func isStillBright(_ figures: PictureFigures) -> Bool {
    figures.brightness >= brightWell && figures.brightness >= brightRiseWell * figures.usualBrightness
  }
}
