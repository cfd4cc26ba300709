import EdgepipeCompression
import EdgepipeCore
import EdgepipeMachine

/// What `edgepipe devices` says, as text and as JSON.
struct DeviceReport {
  let device: DeviceInfo
  let engines: [EngineEntry]
  let sensors: [PowerSensor]
  let power: PowerSetup
  let profileReason: String
  let kind: (value: DeviceClass, reason: String)
  let advice: CompressionAdvice?

  init(tree: SystemTree, engines: [EngineEntry]) {
    device = DeviceInfo(tree)
    self.engines = engines
    sensors = PowerSensors.find(in: tree)
    power = PowerSetup.standard(tree: tree)
    profileReason = DeviceProfile.suggested(for: tree).reason
    kind = DeviceClass.of(device, hasBattery: sensors.contains { $0.kind == PowerMethod.battery.rawValue })
    advice = device.memoryMB.map { CompressionAdvice(memoryMB: $0) }
  }

  // MARK: - For people

  var text: String {
    var table = Table(alignment: [.left, .left])
    func add(_ name: String, _ lines: [String], none: String) {
      for (index, line) in (lines.isEmpty ? [none] : lines).enumerated() { table.add([index == 0 ? name : "", line]) }
    }
    add("model", [device.model].compactMap { $0 }, none: "unknown")
    add("processor", ["\(device.processor ?? "unknown"), \(device.cores) cores"], none: "")
    add(
      "instructions", device.instructionSets.isEmpty ? [] : [device.instructionSets.joined(separator: " ")],
      none: "none relevant")
    add(
      "INT8",
      [
        device.hasInt8DotProduct
          ? "8-bit integer dot products"
          : "no 8-bit integer dot products: INT8 models save memory, but little time"
      ], none: "")
    add("memory", device.memoryMB.map { ["\($0) MB"] } ?? [], none: "unknown")
    add("accelerators", device.accelerators.map { "\($0.kind.rawValue): \($0.name), \($0.path)" }, none: "none found")
    add("engines", engines.map(Self.line), none: "none")
    add("power sensors", sensors.map(Self.line), none: "none")
    add(
      "power",
      [
        "\(words(power.meter.method)): \(power.meter.name)\(power.meter.method.isEstimate ? " (\(profileReason))" : "")"
      ], none: "")
    add("class", ["\(kind.value.rawValue) (\(kind.reason)): optimise for \(kind.value.aim)"], none: "")
    if let advice {
      add(
        "compression",
        [
          "\(advice.steps.joined(separator: ", ")) (\(advice.reason)); memory limit of a model: "
            + "\(advice.modelLimitMB) MB"
        ],
        none: "")
    }
    return table.text
  }

  private func words(_ method: PowerMethod) -> String {
    method.isEstimate ? "estimated" : "measured by \(method.rawValue)"
  }

  private static func line(_ engine: EngineEntry) -> String {
    if let problem = engine.problem { return "\(engine.name): \(problem)" }
    return "\(engine.version ?? engine.name), \(engine.path ?? "?"): " + engine.providers.joined(separator: ", ")
  }

  private static func line(_ sensor: PowerSensor) -> String {
    switch sensor.state {
    case .ready: "\(sensor.kind): \(sensor.name), \(sensor.path)"
    case .unusable(let reason, let remedy): "\(sensor.kind), not usable: \(reason)" + (remedy.map { "; \($0)" } ?? "")
    }
  }

  // MARK: - For programs

  var value: ReportValue {
    .object([
      "v": .int(1),
      "model": text(device.model), "processor": text(device.processor), "cores": .int(device.cores),
      "instruction_sets": .list(device.instructionSets.map { .string($0) }),
      "int8_dot_product": .bool(device.hasInt8DotProduct),
      "memory_mb": device.memoryMB.map { .int($0) } ?? .null,
      "accelerators": .list(
        device.accelerators.map {
          .object(["kind": .string($0.kind.rawValue), "name": .string($0.name), "path": .string($0.path)])
        }),
      "engines": .list(
        engines.map {
          .object([
            "name": .string($0.name), "version": text($0.version), "path": text($0.path),
            "providers": .list($0.providers.map { .string($0) }), "problem": text($0.problem),
          ])
        }),
      "sensors": .list(sensors.map(sensor)),
      "power": .object([
        "method": .string(power.meter.method.rawValue), "estimated": .bool(power.meter.method.isEstimate),
        "meter": .string(power.meter.name), "profile": .string(power.profile.name),
      ]),
      "class": .object([
        "name": .string(kind.value.rawValue), "reason": .string(kind.reason), "aim": .string(kind.value.aim),
      ]),
      "compression": advice.map {
        .object([
          "steps": .list($0.steps.map { .string($0) }), "reason": .string($0.reason),
          "model_limit_mb": .int($0.modelLimitMB),
        ])
      } ?? .null,
    ])
  }

  private func sensor(_ sensor: PowerSensor) -> ReportValue {
    var object: [String: ReportValue] = [
      "kind": .string(sensor.kind), "name": .string(sensor.name), "path": .string(sensor.path),
      "usable": .bool(sensor.isReady), "reason": .null, "remedy": .null,
    ]
    if case .unusable(let reason, let remedy) = sensor.state {
      object["reason"] = .string(reason)
      object["remedy"] = text(remedy)
    }
    return .object(object)
  }

  private func text(_ value: String?) -> ReportValue { value.map { .string($0) } ?? .null }
}
