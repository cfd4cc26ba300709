import EdgepipeCore
public import Pipeline

extension ReleaseStage {
  public struct Budget: ConfigurationObject {
    /// Of all releases of a period of the budget together.
    public var epsilon = 10.0
    public var periodS = 86_400.0
    /// Nil: in the state folder.
    public var path: String?

    public init() {}

    public static let options: [ConfigurationOption<Self>] = [
      .init(
        "epsilon", \.epsilon, .number(0.001...1000), "The sum of epsilon that may be spent in one period of the budget."
      ),
      .init("periodS", \.periodS, .number(60...31_622_400), "Seconds of a period of the budget."),
      .init("path", \.path, .string, "The file that keeps what is spent; in the state folder when absent."),
    ]

    var rules: PrivacyBudget.Rules {
      PrivacyBudget.Rules(millionths: UInt64((epsilon * 1e6).rounded()), periodS: periodS)
    }
  }

  public struct Configuration: StageConfiguration {
    /// All zones whose numbers are released, whether anybody was there or not.
    public var zones: [String] = []
    /// Of one release.
    public var epsilon = 1.0
    public var periodS = 900.0
    public var what = ["visits", "seconds", "stays"]
    /// Whose objects are counted, for `objects`.
    public var classes: [String] = []
    public var detectionsPerPerson = 1
    public var tracksPerPerson = 2
    public var visitsPerTrack = 3
    public var staySPerTrack = 300
    public var stayEdgesS: [Double] = [10, 60, 300]
    public var budget = Budget()
    public var strip = true

    public init() {}

    public static let options: [ConfigurationOption<Self>] = [
      .init(
        "zones", \.zones, .list(.string, count: 0...64),
        "The zones whose numbers are released; each is in every release."),
      .init(
        "epsilon", \.epsilon, .number(0.001...100),
        "What one release of one stream costs of the budget; less is more noise. The kinds of numbers share it evenly."),
      .init("periodS", \.periodS, .number(1...86_400), "Seconds of media time that one release is about."),
      .init(
        "what", \.what, .list(.word(ReleaseNoise.Kind.allCases.map(\.rawValue)), count: 1...4),
        "The kinds of numbers: of each zone, visits that began, seconds that people spent, lengths of stays that ended; of each class, objects found in a period's last frame."
      ),
      .init(
        "classes", \.classes, .list(.string, count: 0...64), "Labels whose objects are released, for 'objects'."),
      .init(
        "detectionsPerPerson", \.detectionsPerPerson, .integer(1...100),
        "Detections of all classes that one person may cause in a frame: an assumption on which the promise of 'objects' rests."
      ),
      .init(
        "tracksPerPerson", \.tracksPerPerson, .integer(1...100),
        "Tracks that one person may be in a period: an assumption about the tracker, on which the promise rests."),
      .init("visitsPerTrack", \.visitsPerTrack, .integer(1...1000), "Of one track, so many visits count in a period."),
      .init(
        "staySPerTrack", \.staySPerTrack, .integer(1...10_000), "Of one track, so many seconds count in a period."),
      .init(
        "stayEdgesS", \.stayEdgesS, .list(.number(0.001...604_800), count: 1...16),
        "Where the classes of lengths of stays begin, in seconds, rising."),
      .init("budget", \.budget, .object(Budget.schema), "How much epsilon may be spent, and where that is kept."),
      .init(
        "strip", \.strip, .bool,
        "Takes pictures, detections, tracks and other events off the frames, so that only the release leaves."),
    ]

    var bounds: VisitTally.Bounds { VisitTally.Bounds(visits: visitsPerTrack, staySeconds: staySPerTrack) }
    var periodNanoseconds: Int64 { MediaTime(seconds: periodS).nanoseconds }
    var epsilonMillionths: UInt64 { UInt64((epsilon * 1e6).rounded()) }

    /// - Throws: `invalidConfiguration` for what does not go together.
    func checkedNoise(stage: String) throws(PipelineError) -> ReleaseNoise {
      func refuse(_ what: String, _ remedy: String) -> PipelineError {
        PipelineError("'\(stage)' \(what)", remedy: remedy, code: .invalidConfiguration)
      }
      guard zip(stayEdgesS, stayEdgesS.dropFirst()).allSatisfy({ $0 < $1 }) else {
        throw refuse("has 'stayEdgesS' that do not rise", "give them in their order, such as [10, 60, 300]")
      }
      guard Set(zones).count == zones.count else {
        throw refuse("names a zone twice", "name each zone once")
      }
      guard epsilon <= budget.epsilon else {
        throw refuse(
          "can never release anything: one release costs more than its budget",
          "raise 'budget.epsilon' or lower 'epsilon'")
      }
      let kinds = Set(what.compactMap(ReleaseNoise.Kind.init))
      guard zones.isEmpty == kinds.isSubset(of: [.objects]) else {
        throw refuse(
          zones.isEmpty ? "has no 'zones' to release numbers of" : "names zones, and 'what' has none of their numbers",
          "name the zones of an analytics.zones before it, or release \"what\": [\"objects\"] alone")
      }
      guard classes.isEmpty == !kinds.contains(.objects), Set(classes).count == classes.count else {
        throw refuse(
          "has 'classes' that do not go with 'what'",
          "'objects' in 'what' needs 'classes', such as [\"person\"], each named once; without it there are none")
      }
      return ReleaseNoise(
        Array(kinds), epsilonMillionths: epsilonMillionths, tracks: tracksPerPerson, detections: detectionsPerPerson,
        bounds: bounds)
    }
  }
}
