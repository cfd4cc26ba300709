import EdgepipeCore

/// What the ends of a client's connections say together: whether another client uses its id, and whether the broker ends the
/// connection because of one message.
struct ConnectionHistory: Sendable {
  /// A connection that ended sooner than this, in seconds, was a short one.
  static let shortS = 10.0
  /// So many short connections in a row, not ended because of a message, are another client's doing.
  static let shortLimit = 3
  /// A message that was the first one on its way at so many losses in a row goes alone from then on.
  static let suspectLimit = 2
  /// One that goes alone and ends so many connections in a row is what the broker cannot take.
  static let guiltyLimit = 5
  /// How long this client steps back from another one with its id, in seconds; doubled each time.
  static let stepBackS = 5.0...60.0

  private var shortEnds = 0
  private var stepBack = stepBackS.lowerBound
  private var suspect: (id: String, losses: Int)?

  /// Whether items must be sent one by one, to find the one that the broker does not take.
  var sendsOneByOne: Bool { (suspect?.losses ?? 0) >= Self.suspectLimit }

  /// What follows from an end.
  struct Verdict: Sendable, Hashable {
    /// Another client has our id, surely or by all appearance.
    var isTwin = false
    /// So long this client stays away, in seconds.
    var retryAfterS: Double?
    /// The message on its way is one that the broker does not take.
    var isGuilty = false
  }

  /// - Parameters:
  ///   - wasTakenOver: the broker has said so; MQTT 3.1.1 has no word for it.
  ///   - item: the id of the first item on its way, where there was one and none was taken before it.
  mutating func noteEnd(
    afterS: Double, wasTakenOver: Bool, item: String?, using random: inout some RandomNumberGenerator
  ) -> Verdict {
    if !wasTakenOver, let item {
      shortEnds = 0
      suspect = (item, suspect?.id == item ? (suspect?.losses ?? 0) + 1 : 1)
      return Verdict(isGuilty: (suspect?.losses ?? 0) >= Self.guiltyLimit)
    }
    if afterS < Self.shortS {
      shortEnds += 1
    } else {
      (shortEnds, stepBack) = (0, Self.stepBackS.lowerBound)
    }
    guard wasTakenOver || shortEnds >= Self.shortLimit else { return Verdict() }
    // Two clients that step back for different times do not meet at every attempt.
    let pause = Double.random(in: stepBack / 2...stepBack, using: &random)
    stepBack = min(Self.stepBackS.upperBound, stepBack * 2)
    return Verdict(isTwin: true, retryAfterS: pause)
  }

  /// An item was taken: none is suspect.
  mutating func noteTaken() { suspect = nil }
}
