import EdgepipeCore
import Pipeline

/// The noise of each kind of numbers that is released.
struct ReleaseNoise: Sendable {
  enum Kind: String, Sendable, CaseIterable {
    case visits
    case seconds
    case stays
  }

  let epsilon: Double
  private let laplace: [Kind: DiscreteLaplace]

  /// - Parameters:
  ///   - epsilonMillionths: of one release, shared evenly by the kinds.
  ///   - tracks: that one person may be in one period.
  init(_ kinds: [Kind], epsilonMillionths: UInt64, tracks: Int, bounds: VisitTally.Bounds) {
    epsilon = Double(epsilonMillionths) / Double(DiscreteLaplace.millionths)
    let share = epsilonMillionths / UInt64(max(1, kinds.count))
    func sensitivity(_ kind: Kind) -> UInt64 {
      UInt64(max(1, tracks)) * UInt64(max(1, kind == .seconds ? bounds.staySeconds : bounds.visits))
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
    var fields: [FrameEvent.Field] = [.init("epsilon", .double(epsilon))]
    for kind in Kind.allCases {
      guard let laplace = laplace[kind] else { continue }
      switch kind {
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
}
