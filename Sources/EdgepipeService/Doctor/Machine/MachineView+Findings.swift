import EdgepipeCore

extension MachineView {
  /// Less free room stops a recording within hours, and is little on a card of 16 GB.
  static let leastFreeMB = 1024.0
  static let leastFreeShare = 0.05
  /// A detector of a light model takes 100 to 300 MB.
  static let leastAvailableMB = 300.0
  /// More than half of the swap in use: pages of running programs wait for the disk.
  static let swapUsedShare = 0.5
  /// Other programs want as many cores as there are.
  static let busyLoad = 1.0
  static let slowClockShare = 0.9

  /// What keeps this machine from running pipelines well; nothing where all is in order.
  package var findings: [DoctorFinding] {
    Doctor.ranked(software + memory + disks.flatMap(disk) + processor + health.sensors.compactMap(heat))
  }

  private var software: [DoctorFinding] {
    var findings: [DoctorFinding] = []
    if case .missing(let problem) = engine {
      findings.append(
        DoctorFinding(
          .failures, .noEngine, weight: 1, "ONNX Runtime, which runs the models, cannot be used",
          figures: [.init("problem", 1, StreamRule.line(problem))],
          remedies: [.init("see which library is found and where", "edgepipe devices")]))
    }
    if models.isEmpty {
      findings.append(
        DoctorFinding(
          .failures, .noModels, weight: 0.9, "no model is installed",
          figures: [.init("models", 0, "the model store is empty")],
          remedies: [.init("download a detector", "edgepipe models pull yolox-nano")]))
    }
    return findings
  }

  private var memory: [DoctorFinding] {
    guard let availableMB, let memoryMB, memoryMB > 0 else { return [] }
    let used = swapMB.flatMap { all in swapFreeMB.map { all - $0 } } ?? 0
    let isSwapping = (swapMB ?? 0) > 0 && used > Self.swapUsedShare * (swapMB ?? 0)
    guard availableMB < Self.leastAvailableMB || isSwapping else { return [] }
    return [
      DoctorFinding(
        .memory, .littleMemory, weight: availableMB < Self.leastAvailableMB ? 0.8 : 0.4,
        "little memory is left for a pipeline",
        figures: [
          .init(
            "available_mb", availableMB, "\(Words.megabytes(availableMB)) of \(Words.megabytes(memoryMB)) are available"
          ),
          .init("swap_used_mb", used, "\(Words.megabytes(used)) of \(Words.megabytes(swapMB ?? 0)) of swap are in use"),
        ],
        remedies: [.init("see what holds the memory", "ps -eo pid,rss,comm --sort=-rss | head")])
    ]
  }

  private func disk(_ disk: Disk) -> [DoctorFinding] {
    guard disk.totalMB > 0, disk.freeMB < Self.leastFreeMB || disk.freeMB < Self.leastFreeShare * disk.totalMB else {
      return []
    }
    let path = PasteCommands.word(disk.folder.path)
    return [
      DoctorFinding(
        .failures, .fullDisk, subject: disk.folder.path, weight: disk.freeMB < Self.leastFreeMB ? 0.8 : 0.4,
        "the disk of \(disk.folder.what) is nearly full",
        figures: [
          .init(
            "free_mb", disk.freeMB,
            "\(Words.megabytes(disk.freeMB)) of \(Words.megabytes(disk.totalMB)) are free at \(Words.plain(disk.folder.path))"
          )
        ],
        remedies: [.init("see what takes the room", "du -xh --max-depth=2 \(path) | sort -h | tail")])
    ]
  }

  private var processor: [DoctorFinding] {
    var findings: [DoctorFinding] = []
    if let load, load >= Self.busyLoad * cores {
      findings.append(
        DoctorFinding(
          .latency, .busyMachine, weight: min(0.7, 0.3 * load / max(cores, 0.01)),
          "other programs want all cores of this machine",
          figures: [
            .init("load", load, "\(Words.number(load)) programs want \(Words.cores(cores)) (mean of the last minute)")
          ],
          remedies: [.init("see which ones", "ps -eo pid,pcpu,comm --sort=-pcpu | head")]))
    }
    if let clockShare, clockShare < Self.slowClockShare {
      findings.append(
        DoctorFinding(
          .latency, .slowClock, weight: 1 - clockShare, "the system holds the processor's clock down",
          figures: [
            .init(
              "clock_share", clockShare,
              "the clock is limited to \(Words.percent(clockShare)) of the hardware's highest")
          ],
          remedies: [
            .init("see the limits", "grep -H . /sys/devices/system/cpu/cpu*/cpufreq/scaling_max_freq"),
            .init("see the power mode, on a Jetson", "nvpmodel -q"),
          ]))
    }
    return findings
  }

  private func heat(_ sensor: MachineHealth.Sensor) -> DoctorFinding? {
    guard sensor.celsius >= sensor.limit else { return nil }
    let limit = sensor.slowsAt ?? sensor.limit
    return DoctorFinding(
      .power, .hot, subject: sensor.name, weight: sensor.celsius >= limit ? 0.8 : 0.5,
      "'\(Words.plain(sensor.name))' is so hot that the system slows down",
      figures: [
        .init("celsius", sensor.celsius, "\(Words.number(sensor.celsius)) °C"),
        .init(
          "limit_celsius", limit,
          sensor.slowsAt == nil
            ? "it states no limit; most boards slow down from \(Words.number(limit)) °C on"
            : "from \(Words.number(limit)) °C on the system takes measures"),
      ],
      remedies: [
        .init(
          "watch it",
          "watch -n 2 'cat /sys/class/thermal/thermal_zone*/temp /sys/class/hwmon/hwmon*/temp*_input 2>/dev/null'")
      ])
  }

  /// What was looked at, and what was seen: a name and a phrase each.
  package var checks: [(name: String, text: String)] {
    var checks: [(name: String, text: String)] = []
    switch engine {
    case .ready(let version): checks.append(("engine", version))
    case .missing: checks.append(("engine", "none"))
    }
    checks.append(("models", models.isEmpty ? "none" : "\(models.count) installed"))
    let load = load.map { ", load \(Words.number($0))" } ?? ""
    checks.append(("processor", "\(Words.cores(cores))\(load)"))
    checks.append(("instructions", instructionSets.isEmpty ? "none relevant" : instructionSets.joined(separator: " ")))
    if let availableMB, let memoryMB {
      let limit = memoryLimitMB.map { ", limited to \(Words.megabytes($0)) by the control group" } ?? ""
      checks.append(("memory", "\(Words.megabytes(availableMB)) of \(Words.megabytes(memoryMB)) available\(limit)"))
    }
    if let swapMB, let swapFreeMB {
      checks.append(
        ("swap", swapMB > 0 ? "\(Words.megabytes(swapMB - swapFreeMB)) of \(Words.megabytes(swapMB)) in use" : "none"))
    }
    for disk in disks {
      checks.append(
        ("disk", "\(disk.folder.what): \(Words.megabytes(disk.freeMB)) of \(Words.megabytes(disk.totalMB)) free"))
    }
    let warmest = health.sensors.max { $0.celsius < $1.celsius }
    checks.append(("heat", warmest.map { "\(Words.plain($0.name)): \(Words.number($0.celsius)) °C" } ?? "no sensor"))
    checks.append(("clock", clockShare.map { "\(Words.percent($0)) of the highest is allowed" } ?? "not known"))
    return checks
  }
}
