import EdgepipeCore
import Pipeline
import Synchronization

/// What the gate of a cascade has decided so far, for the run report.
final class CascadeRecord: Sendable {
  private struct Counts {
    var asked = 0
    var sent = 0
    var refused = 0
    /// The smaller detector had not looked.
    var unseen = 0
    var crops = 0
    var thresholds: [String: Double] = [:]
    var settings: CascadeSettings
  }

  /// Streams whose threshold is reported.
  private static let maximumStreams = 64

  private let counts: Mutex<Counts>

  init(_ settings: CascadeSettings) { counts = Mutex(Counts(settings: settings)) }

  func note(crops: Int) { counts.withLock { $0.crops += crops } }

  func noteUnseen() { counts.withLock { $0.unseen += 1 } }

  func note(_ answer: ShareKeeper.Answer, threshold: Double, of stream: String, _ settings: CascadeSettings) {
    counts.withLock { counts in
      counts.settings = settings
      counts.asked += 1
      switch answer {
      case .sent: counts.sent += 1
      case .refused: counts.refused += 1
      case .sure: break
      }
      if counts.thresholds[stream] != nil || counts.thresholds.count < Self.maximumStreams {
        counts.thresholds[stream] = threshold
      }
    }
  }

  var fact: ReportValue {
    let counts = counts.withLock { $0 }
    let settings = counts.settings
    var fact: [String: ReportValue] = [
      "of": .string(settings.of), "rule": .string(settings.rule),
      "between": .list(settings.between.map { .rounded($0) }),
      "share": .rounded(settings.share), "results": .string(settings.results), "asked": .int(counts.asked),
      "sent": .int(counts.sent), "refused_by_share": .int(counts.refused),
      "threshold": .object(counts.thresholds.filter { $0.value.isFinite }.mapValues { .rounded($0) }),
    ]
    fact["send"] = .string(settings.send)
    if settings.sends == .crops { fact["crops"] = .int(counts.crops) }
    if counts.asked > 0 { fact["share_sent"] = .rounded(Double(counts.sent) / Double(counts.asked)) }
    if counts.unseen > 0 { fact["without_doubt"] = .int(counts.unseen) }
    return .object(fact)
  }
}
