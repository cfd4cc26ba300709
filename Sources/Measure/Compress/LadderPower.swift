package import EdgepipeMachine

/// What the models of a ladder take of power, estimated: CPU time of this machine, power of a device's profile.
package struct LadderPower: Sendable {
  package let profile: DeviceProfile
  /// Inferences a second at which the models are compared: a camera's 25, or what this machine does with the float model
  /// where that is less. Nil where speed was not measured.
  package let rate: Double?

  /// - Parameter cores: of this machine: as many sessions of one thread were run side by side.
  package init(_ ladder: CompressionLadder, profile: DeviceProfile, cores: Int) {
    self.profile = profile
    rate = ladder.rungs[0].speed.map { max(1, min(25, Double(cores) * 1000 / max($0.cpuMs, 1e-6)).rounded(.down)) }
  }

  /// Watts at ``rate``.
  package func watts(_ rung: LadderRung) -> Double? {
    guard let rate, let speed = rung.speed else { return nil }
    return profile.watts(busyCores: rate * speed.cpuMs / 1000)
  }
}
