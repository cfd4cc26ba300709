package import EdgepipeCore

/// Where the energy of a run went, and how that is known.
public struct PowerAccount: Sendable {
  public struct Budget: Sendable, Hashable {
    public let powerW: Double
    /// The highest mean over ``PowerMonitor/windowSeconds``; of a shorter run, the mean of all of it.
    public let highestMeanW: Double
    public let isExceeded: Bool
    /// The smallest share of their frames at which detectors looked to keep the budget; nil where it is not enforced.
    public let lowestDetectionShare: Double?
  }

  public let method: PowerMethod
  /// What was read, or the profile's name.
  public let meter: String
  public let profile: DeviceProfile
  /// Sensors that could not be used, and why.
  public let notes: [String]
  /// From the moment when all stages were ready to the end of the run.
  public let seconds: Double
  public let idleW: Double
  public let energy: EnergyAttribution
  public let readings: Int
  public let failedReadings: Int
  public let budget: Budget?

  public var meanW: Double { seconds > 0 ? energy.packageJ / seconds : 0 }

  /// Watts of one stage over the whole run.
  public func watts(ofStage id: String) -> Double? {
    energy.stageJ[id].map { seconds > 0 ? $0 / seconds : 0 }
  }

  /// How the figures came about, in a few words: `measured: rapl, package-0`, or `estimated: ...`.
  public var source: String {
    guard method.isEstimate else { return "measured: \(method.rawValue), \(meter)" }
    return "estimated: \(profile.name), \(Self.short(profile.idleW)) W idle + \(Self.short(profile.wattsPerBusyCore)) W"
      + " per busy core"
  }

  private static func short(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? "\(Int(exactly: rounded) ?? 0)" : "\(rounded)"
  }

  /// The `power` object of the run report.
  ///
  /// - Parameters:
  ///   - frames: delivered frames.
  ///   - detections: things that stages found.
  package func report(frames: Int, detections: Int) -> ReportValue {
    .object([
      "method": .string(method.rawValue),
      "estimated": .bool(method.isEstimate),
      "meter": .string(meter),
      "source": .string(source),
      "mean_w": .rounded(meanW),
      "energy_j": .rounded(energy.packageJ),
      "idle_j": .rounded(energy.idleJ),
      "idle_w": .rounded(idleW),
      "other_j": .rounded(energy.otherJ),
      "j_per_frame": frames > 0 ? .fine(energy.packageJ / Double(frames)) : .null,
      "j_per_detection": detections > 0 ? .fine(energy.packageJ / Double(detections)) : .null,
      "seconds": .rounded(seconds),
      "readings": .int(readings),
      "failed_readings": .int(failedReadings),
      "profile": .object([
        "name": .string(profile.name), "idle_w": .double(profile.idleW),
        "watts_per_busy_core": .double(profile.wattsPerBusyCore), "method": .string(profile.method),
        "residual_w": profile.residualW.map { .double($0) } ?? .null,
      ]),
      "budget": budget.map {
        .object([
          "power_w": .double($0.powerW), "highest_mean_w": .rounded($0.highestMeanW),
          "window_s": .double(PowerMonitor.windowSeconds),
          "exceeded": .bool($0.isExceeded), "enforced": .bool($0.lowestDetectionShare != nil),
          "lowest_detection_share": $0.lowestDetectionShare.map { .rounded($0) } ?? .null,
        ])
      } ?? .null,
      "notes": .list(notes.map { .string($0) }),
    ])
  }
}

extension ReportValue {
  /// To six decimals: a frame may cost less than a millijoule.
  fileprivate static func fine(_ value: Double) -> ReportValue { .double((value * 1e6).rounded() / 1e6) }
}
