package import EdgepipeCore

/// A likely cause of what is wrong, with the figures that say so and what to do about it.
package struct DoctorFinding: Sendable, Hashable {
  /// What a user notices.
  package enum Symptom: String, Sendable, Hashable, CaseIterable {
    /// Frames are lost or late, or a file is slower than its own time.
    case latency
    case memory
    /// What is there is not detected.
    case accuracy
    case power
    /// Cameras, or the receivers of results.
    case network
    /// Frames, inputs or outputs fail; or the machine lacks something.
    case failures
  }

  /// Part of the JSON output: names stay as they are.
  package enum Cause: String, Sendable, Hashable, CaseIterable {
    case slowDetector = "slow-detector"
    case slowDecoder = "slow-decoder"
    case slowOutput = "slow-output"
    case slowStage = "slow-stage"
    case otherPrograms = "other-programs"
    case cpuQuota = "cpu-quota"
    case tooManyWorkers = "too-many-workers"
    case fullCores = "full-cores"
    case shortDeadline = "short-deadline"
    case shortQueue = "short-queue"
    case framesInFlight = "frames-in-flight"
    case droppingQueue = "dropping-queue"
    case manySessions = "many-sessions"
    case longQueues = "long-queues"
    case smallMemory = "small-memory"
    case highScore = "high-score"
    case notFinite = "not-finite"
    case hotStage = "hot-stage"
    case smallBudget = "small-budget"
    case streamLost = "stream-lost"
    case streamRefused = "stream-refused"
    case packetsLost = "packets-lost"
    case receiverAway = "receiver-away"
    case receiverRefuses = "receiver-refuses"
    case damagedInput = "damaged-input"
    case failingStage = "failing-stage"
    case failedWrites = "failed-writes"
    case failedRun = "failed-run"
    // Of the machine.
    case noEngine = "no-engine"
    case noModels = "no-models"
    case littleMemory = "little-memory"
    case fullDisk = "full-disk"
    case busyMachine = "busy-machine"
    case hot = "hot"
    case slowClock = "slow-clock"
  }

  /// A number that speaks for the cause.
  package struct Figure: Sendable, Hashable {
    /// For programs, with the unit.
    package let name: String
    package let value: Double
    /// For people: a whole phrase.
    package let text: String

    init(_ name: String, _ value: Double, _ text: String) {
      self.name = name
      self.value = value
      self.text = text
    }
  }

  package struct Remedy: Sendable, Hashable {
    package let what: String
    /// A line for a shell; nil where there is none.
    package let command: String?

    init(_ what: String, _ command: String? = nil) {
      self.what = what
      self.command = command
    }
  }

  package let symptom: Symptom
  package let cause: Cause
  /// The stage or the stream; nil where it is the whole run.
  package let subject: String?
  /// One sentence.
  package let summary: String
  /// The part of the frames, results or time that this cause explains, 0 to 1: findings are ranked by it.
  package let weight: Double
  package let figures: [Figure]
  package let remedies: [Remedy]

  init(
    _ symptom: Symptom, _ cause: Cause, subject: String? = nil, weight: Double, _ summary: String, figures: [Figure],
    remedies: [Remedy]
  ) {
    self.symptom = symptom
    self.cause = cause
    self.subject = subject
    self.summary = summary
    self.weight = weight.isFinite ? min(max(weight, 0), 1) : 0
    self.figures = figures
    self.remedies = remedies
  }

  /// For programs.
  package func value(rank: Int) -> ReportValue {
    .object([
      "rank": .int(rank), "symptom": .string(symptom.rawValue), "cause": .string(cause.rawValue),
      "subject": subject.map { .string($0) } ?? .null, "summary": .string(summary), "weight": .rounded(weight),
      "figures": .list(
        figures.map {
          .object(["name": .string($0.name), "value": .rounded($0.value), "text": .string($0.text)])
        }),
      "remedies": .list(
        remedies.map {
          .object(["what": .string($0.what), "command": $0.command.map { .string($0) } ?? .null])
        }),
    ])
  }
}
