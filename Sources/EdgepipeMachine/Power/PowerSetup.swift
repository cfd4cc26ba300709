package import EdgepipeCore

/// Which meter a run uses, and what the user should know of the choice.
public struct PowerSetup: Sendable {
  public let meter: any PowerMeter
  /// Gives the idle watts, also beside a meter that measures.
  public let profile: DeviceProfile
  /// Sentences on sensors that are there and cannot be used, with the remedy.
  public let notes: [String]

  public init(meter: any PowerMeter, profile: DeviceProfile, notes: [String] = []) {
    self.meter = meter
    self.profile = profile
    self.notes = notes
  }

  /// The best sensor that can be read, else the estimate.
  ///
  /// - Parameter profile: the user's choice; nil: by the machine.
  public static func standard(profile: DeviceProfile? = nil) -> PowerSetup {
    standard(profile: profile, tree: SystemTree(), clock: SystemClock())
  }

  package static func standard(
    profile: DeviceProfile? = nil, tree: SystemTree, clock: any PipelineClock = SystemClock()
  ) -> PowerSetup {
    let profile = profile ?? DeviceProfile.suggested(for: tree).profile
    var notes: [String] = []
    for sensor in PowerSensors.find(in: tree) {
      switch sensor.state {
      case .ready:
        if let meter = sensor.meter { return PowerSetup(meter: meter, profile: profile, notes: notes) }
      case .unusable(let reason, let remedy):
        notes.append(reason + (remedy.map { "; \($0)" } ?? ""))
      }
    }
    return PowerSetup(meter: EstimatedMeter(profile, clock: clock), profile: profile, notes: notes)
  }
}
