import EdgepipeCore
public import Pipeline

/// A larger detector that looks only at frames about which a smaller one before it is in doubt.
public struct CascadeSettings: ConfigurationObject, Hashable {
  /// What becomes of the smaller one's results where the larger one has looked.
  enum Results: String, CaseIterable {
    /// The larger one's stand in their place.
    case replace
    /// Those stay that the larger one has not found.
    case merge
  }

  /// What the larger one looks at.
  enum Sending: String, CaseIterable {
    case frame
    /// Parts of the picture around what is doubtful.
    case crops
  }

  /// The id of the smaller detector.
  public var of = ""
  /// A ``DoubtRule``.
  public var rule = DoubtRule.candidates.rawValue
  /// Candidates that score more than the first number, and not more than the second, are doubtful.
  public var between = [0.02, 0.3]
  /// At most this share of the frames of a stream goes to the larger one.
  public var share = 0.4
  /// Frames with less doubt never go there.
  public var minDoubt = 0.0
  /// The frames of a stream that a doubt is compared with.
  public var window = 250
  var results = Results.replace.rawValue
  var send = Sending.frame.rawValue
  /// At most so many of a frame.
  var crops = 2
  /// The sides of a crop are those of the picture divided by this.
  var zoom = 2.0

  public init() {}

  public static let options: [ConfigurationOption<Self>] = [
    .init("of", \.of, .string, required: true, "The id of the smaller detector before it, whose doubt counts."),
    .init(
      "rule", \.rule, .word(DoubtRule.allCases.map(\.rawValue)),
      "What measures the doubt about a frame: the number of doubtful `candidates`, the sum of their scores (`missed`), or their `entropy`."
    ),
    .init(
      "between", \.between, .list(.number(0...1), count: 2...2),
      "Candidates of the smaller detector with scores between these two are doubtful."),
    .init("share", \.share, .number(0...1), "The share of a stream's frames that is sent, at most."),
    .init("minDoubt", \.minDoubt, .number(0...1_000_000), "Frames with less doubt than this are never sent."),
    .init(
      "window", \.window, .integer(10...2500),
      "A frame's doubt is compared with that of so many frames of its stream, the last ones."),
    .init(
      "results", \.results, .word(Results.allCases.map(\.rawValue)),
      "`replace`: the larger detector's results stand in the place of the smaller one's. `merge`: what only the smaller one found stays."
    ),
    .init(
      "send", \.send, .word(Sending.allCases.map(\.rawValue)),
      "What the larger detector looks at: the whole `frame`, or `crops` around the doubtful candidates, one after the other."
    ),
    .init(
      "crops", \.crops, .integer(1...16), "Crops of a frame, at most; those that show the most doubtful candidates."),
    .init("zoom", \.zoom, .number(1.1...16), "The sides of a crop are those of the picture divided by this."),
  ]

  var low: Double { between.first ?? 0 }
  var high: Double { between.last ?? 1 }
  var doubtRule: DoubtRule { DoubtRule(rawValue: rule) ?? .candidates }
  var sends: Sending { Sending(rawValue: send) ?? .frame }
  var resultRule: Results { Results(rawValue: results) ?? .replace }

  /// What counts as doubt: of candidates that are larger than a crop, a crop shows nothing new.
  func doubtful(_ candidates: [Detection], in plan: CropPlan?) -> [Detection] {
    candidates.filter { candidate in
      Double(candidate.score) > low && Double(candidate.score) <= high && plan?.fits(candidate.box) ?? true
    }
  }

  /// Nil where whole frames are sent.
  func cropPlan(width: Int, height: Int) -> CropPlan? {
    sends == .crops ? CropPlan(width: width, height: height, zoom: zoom) : nil
  }

  /// Whether it may take the place of the other while the pipeline runs: what the smaller detector keeps candidates for
  /// is settled.
  func isChange(of other: Self) -> Bool {
    var same = other
    (same.share, same.minDoubt, same.window) = (share, minDoubt, window)
    return same == self
  }

  /// - Throws: ``PipelineError`` for values that do not go together.
  func check(stage: String) throws(PipelineError) {
    if low >= high {
      throw PipelineError(
        "the cascade of '\(stage)' has no score between \(low) and \(high)",
        remedy: "set between to a lower and a higher score, such as [0.02, 0.3]", code: .invalidConfiguration)
    }
    if share == 0 {
      throw PipelineError(
        "the cascade of '\(stage)' has a share of 0: no frame is ever sent to it",
        remedy: "set share to more than 0, or remove '\(stage)'", code: .invalidConfiguration)
    }
  }
}
