package import EdgepipeCompression
package import EdgepipeCore
package import EdgepipeMachine
import Foundation

/// The device that a model is made for: how much memory it has, what power it takes, and the plan that follows.
package struct CompressionTarget: Sendable, Hashable {
  /// A profile's name, or `this-machine`.
  package let name: String
  /// What the system shows as its memory, in mebibytes.
  package let memoryMB: Int
  /// How the memory is known.
  package let memorySource: String
  package let profile: DeviceProfile

  package var advice: CompressionAdvice { CompressionAdvice(memoryMB: memoryMB) }

  /// The usual amount of memory of the devices that power profiles are named after, as their systems show it: some of
  /// the nominal gigabytes are kept for graphics and the kernel. Servers have no usual amount.
  static let usualMemoryMB: [String: (memoryMB: Int, of: String)] = [
    "jetson-orin-nano": (7620, "8 GB developer kit"), "jetson-agx-orin": (30_500, "32 GB module"),
    "raspberry-pi-4b": (3790, "4 GB board"), "raspberry-pi-5": (8050, "8 GB board"),
    "intel-nuc-12": (15_700, "16 GB kit"), "intel-n100": (7700, "8 GB machine"),
  ]

  static let thisMachine = "this-machine"

  /// - Parameters:
  ///   - name: a built-in power profile's name or an unmistakable beginning of one, or `this-machine`.
  ///   - memoryMB: in place of the usual one.
  ///   - device: what `this-machine` is.
  /// - Throws: ``PipelineError`` (`invalidArgument`) for a name that is not known, and where the memory is not.
  init(
    _ name: String, memoryMB: Int? = nil, device: DeviceInfo = DeviceInfo(), suggested: DeviceProfile? = nil
  ) throws {
    let usual: (memoryMB: Int, of: String)?
    if name == Self.thisMachine {
      self.name = name
      profile = suggested ?? DeviceProfile.suggested().profile
      usual = device.memoryMB.map { ($0, "this machine") }
    } else {
      profile = try Self.profile(name)
      self.name = profile.name
      usual = Self.usualMemoryMB[profile.name]
    }
    if let memoryMB {
      (self.memoryMB, memorySource) = (memoryMB, "as given")
    } else if let usual {
      (self.memoryMB, memorySource) = (usual.memoryMB, usual.of)
    } else {
      throw PipelineError(
        "the amount of memory of '\(self.name)' is not known", remedy: "give it with --memory, in megabytes",
        code: .invalidArgument)
    }
  }

  /// Why a model does not fit; nil for one that does.
  ///
  /// - Parameter neededMB: its weights as stored and its peak activations, in megabytes of 2^20 bytes.
  package func refusal(neededMB: Double) -> PipelineError? {
    guard neededMB > Double(advice.modelLimitMB) else { return nil }
    return PipelineError(
      String(
        format: "the model needs %.0f MB, more than the limit of %d MB for a model on %@ (80 %% of %d MB)",
        neededMB, advice.modelLimitMB, name, memoryMB),
      remedy: "use a smaller model or a device with more memory, or install it anyway with --force", code: .malformed)
  }

  private static func profile(_ name: String) throws -> DeviceProfile {
    let known = DeviceProfile.builtin
    if let exact = known.first(where: { $0.name == name }) { return exact }
    let beginnings = known.filter { $0.name.hasPrefix(name) }
    if beginnings.count == 1, !name.isEmpty { return beginnings[0] }
    let names = known.map(\.name) + [thisMachine]
    let guess = NearestName.suggestion(for: name, among: names).map { "did you mean '\($0)'? " } ?? ""
    throw PipelineError(
      "there is no device '\(name)'", remedy: "\(guess)devices: \(names.joined(separator: ", "))",
      code: .invalidArgument)
  }
}
