import EdgepipeCore
import Pipeline

/// The noise of each kind of numbers that is released.
struct ReleaseNoise: Sendable {
  enum Kind: String, Sendable, CaseIterable {
    case visits
    case seconds
    case stays
    /// What the detectors found in the last frame of a period: of classes, not of zones.
    case objects
  }

  let epsilon: Double
  private let laplace: [Kind: DiscreteLaplace]

  /// - Parameters:
  ///   - epsilonMillionths: of one release, shared evenly by the kinds.
  ///   - tracks: that one person may be in one period.
  ///   - detections: of all classes, that one person may cause in one frame.
  init(_ kinds: [Kind], epsilonMillionths: UInt64, tracks: Int, detections: Int, bounds: VisitTally.Bounds) {
    epsilon = Double(epsilonMillionths) / Double(DiscreteLaplace.millionths)
    let share = epsilonMillionths / UInt64(max(1, kinds.count))
    func sensitivity(_ kind: Kind) -> UInt64 {
      switch kind {
      case .objects: UInt64(max(1, detections))
      case .seconds: UInt64(max(1, tracks)) * UInt64(max(1, bounds.staySeconds))
      case .visits, .stays: UInt64(max(1, tracks)) * UInt64(max(1, bounds.visits))
      }
    }
    laplace = Dictionary(
      kinds.map { ($0, DiscreteLaplace(sensitivity: sensitivity($0), epsilonMillionths: share)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// One zone's numbers with noise, each with what the noise stays within 95 times of 100. They are not cut at zero: sums of
  /// many would then be too large.
  func fields(
    _ numbers: VisitTally.ZoneNumbers, using random: inout some RandomNumberGenerator
  ) -> [FrameEvent.Field] {
    var fields = [epsilonField]
    for kind in Kind.allCases {
      guard let laplace = laplace[kind] else { continue }
      switch kind {
      case .objects: continue
      case .visits: fields.append(.init("visits", .int(numbers.visits + laplace.sample(using: &random))))
      case .seconds:
        fields.append(.init("person_seconds", .int(numbers.personSeconds + laplace.sample(using: &random))))
      case .stays:
        var noisy: [ReportValue] = []
        for count in numbers.stays { noisy.append(.int(count + laplace.sample(using: &random))) }
        fields.append(.init("stays", .list(noisy)))
      }
      fields.append(.init("\(kind.rawValue)_error_95", .int(laplace.bound(0.95))))
    }
    return fields
  }

  /// One class's number of objects; nil where none is released.
  func fields(objects: Int, using random: inout some RandomNumberGenerator) -> [FrameEvent.Field]? {
    guard let laplace = laplace[.objects] else { return nil }
    return [
      epsilonField, .init("objects", .int(objects + laplace.sample(using: &random))),
      .init("objects_error_95", .int(laplace.bound(0.95))),
    ]
  }

  private var epsilonField: FrameEvent.Field { .init("epsilon", .double(epsilon)) }
}
