import EdgepipeCore

/// Cameras that cannot be reached, or go again and again.
struct StreamRule: DoctorRule {
  /// Fewer are the life of any network.
  static let manyFaults = 3
  /// Of the time.
  static let faultShare = 0.02

  func findings(_ consultation: Consultation) -> [DoctorFinding] {
    let live = consultation.run.streams.filter(\.isLive)
    return live.compactMap { stream in
      // One camera of many is a small part of the run, but all of what it shows.
      finding(stream, weight(stream, wallS: consultation.run.wallS), consultation)
    }
  }

  private func weight(_ stream: StreamView, wallS: Double) -> Double {
    let isAway = stream.admitted == 0 || ["stalled", "refused", "waiting", "connecting"].contains(stream.state)
    if isAway, stream.lastError != nil { return 1 }
    let share = wallS > 0 ? stream.faultS / wallS : 0
    guard stream.faults >= Self.manyFaults || share >= Self.faultShare else { return 0 }
    return max(share, min(0.5, 0.1 * Double(stream.faults)))
  }

  private func finding(_ stream: StreamView, _ weight: Double, _ consultation: Consultation) -> DoctorFinding? {
    guard weight > 0 else { return nil }
    let name = Words.plain(stream.id), isRefused = stream.state == "refused" || isRefusal(stream.lastError)
    var figures: [DoctorFinding.Figure] = [
      .init("admitted", Double(stream.admitted), "\(stream.admitted) frames of it came"),
      .init(
        "faults", Double(stream.faults),
        "\(Words.counted(stream.faults, "fault")) of the connection, \(Words.number(stream.faultS)) s of them over"),
    ]
    if let error = stream.lastError { figures.append(.init("last_error", 1, "the last error: \(Self.line(error))")) }
    let look = DoctorFinding.Remedy("see what the streams do", consultation.commands.watchStreams)
    if isRefused {
      return DoctorFinding(
        .network, .streamRefused, subject: stream.id, weight: weight,
        "the camera of '\(name)' refuses the user or the password", figures: figures,
        remedies: [.init("set the password that the address takes from the environment, and start again"), look])
    }
    return DoctorFinding(
      .network, .streamLost, subject: stream.id, weight: weight,
      "the connection to '\(name)' fails: the camera, its address or the network between", figures: figures,
      remedies: [look, .init("try the address by itself", "ffprobe -v error -show_streams \"$CAMERA_URL\"")]
        + (stream.admitted == 0
          ? []
          : [
            .init(
              "a network that loses packets: RTSP over TCP",
              consultation.commands.set(stream.source, "transport", "tcp"))
          ]))
  }

  private func isRefusal(_ error: String?) -> Bool {
    guard let error else { return false }
    return error.contains("401") || error.contains("403")
  }

  /// A message from elsewhere, on one line.
  static func line(_ text: String) -> String {
    let parts = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    return Figure.clipped(
      String(parts.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) }), 160)
  }
}

/// Packets that never come: pictures are missing or damaged though the connection stays.
struct PacketRule: DoctorRule {
  /// The least share of the pictures that is worth a word.
  static let damagedShare = 0.01

  func findings(_ consultation: Consultation) -> [DoctorFinding] {
    consultation.run.stages.filter { $0.role == .source }.compactMap { stage in
      let lost = stage.counters["lost_packets"] ?? 0
      let missing = Double(stage.counters["damaged_frames"] ?? 0) + Double(stage.counters["failed_snapshots"] ?? 0)
      let snapshots = stage.counters["failed_snapshots"] ?? 0
      let share = missing / max(1, missing + Double(stage.framesIn))
      guard lost > 0 || snapshots > 0, share >= Self.damagedShare else { return nil }
      return DoctorFinding(
        .network, .packetsLost, subject: stage.id, weight: share,
        "the network loses a part of what the cameras of \(stage.name) send",
        figures: [
          .init("lost_packets", Double(lost), "\(lost) packets never came"),
          .init(
            "missing_share", share,
            "\(Words.count(missing)) pictures were left out because of it (\(Words.percent(share)))"),
        ],
        remedies: [
          .init("TCP sends lost packets again", consultation.commands.set(stage.id, "transport", "tcp")),
          .init(
            "wait longer for packets that others overtake", consultation.commands.set(stage.id, "reorderMs", "300")),
          .init("see what this machine's interfaces lose", "ip -s link"),
        ])
    }
  }
}

/// Results that do not get to where they are sent.
struct ReceiverRule: DoctorRule {
  func findings(_ consultation: Consultation) -> [DoctorFinding] {
    consultation.run.stages.flatMap { stage -> [DoctorFinding] in
      guard let spool = stage.facts?["spool"] else { return [] }
      return [away(stage, spool, consultation), refused(stage, spool, consultation)].compactMap { $0 }
    }
  }

  private func away(_ stage: StageView, _ spool: JSONNode, _ consultation: Consultation) -> DoctorFinding? {
    let waiting = spool.count("waiting"), attempts = spool.count("failed_attempts")
    let lost = Double(spool.count("dropped")) + Double(spool.count("expired"))
    let all = Double(waiting) + lost + Double(spool.count("acknowledged"))
    guard attempts > 0, Double(waiting) + lost > 0 else { return nil }
    let receiver = stage.facts?["receiver"]?.string.map(Words.plain) ?? "its receiver"
    return DoctorFinding(
      .network, .receiverAway, subject: stage.id, weight: (Double(waiting) + lost) / all,
      "results of \(stage.name) do not get to \(receiver): it does not answer, or the network between fails",
      figures: [
        .init(
          "waiting", Double(waiting), "\(waiting) results wait in the spool, \(spool.count("acknowledged")) were taken"),
        .init("failed_attempts", Double(attempts), "\(Words.counted(attempts, "attempt")) failed"),
        .init("lost", lost, "\(Words.count(lost)) results were given up"),
      ],
      remedies: [
        reach(stage, consultation),
        .init(
          "nothing is lost while the spool has room; give it more",
          consultation.commands.set(stage.id, "spool", "{\"maxMB\":1024}")),
      ])
  }

  private func reach(_ stage: StageView, _ consultation: Consultation) -> DoctorFinding.Remedy {
    guard let receiver = stage.facts?["receiver"]?.string, receiver.hasPrefix("http") else {
      return .init("see what the sink says", consultation.commands.verbose(stage.id))
    }
    return .init("try to reach it", "curl -sS -o /dev/null -w '%{http_code}\\n' \(PasteCommands.word(receiver))")
  }

  private func refused(_ stage: StageView, _ spool: JSONNode, _ consultation: Consultation) -> DoctorFinding? {
    let refused = spool.count("refused"), taken = spool.count("acknowledged")
    guard refused > 0 else { return nil }
    let receiver = stage.facts?["receiver"]?.string.map(Words.plain) ?? "the receiver"
    return DoctorFinding(
      .network, .receiverRefuses, subject: stage.id, weight: Double(refused) / (Double(refused) + Double(taken)),
      "\(receiver) refuses results of \(stage.name): their form, or who may send",
      figures: [.init("refused", Double(refused), "\(refused) results were refused for good, \(taken) were taken")],
      remedies: [
        .init(
          "see the reasons, in the sink's database in spool.folder",
          "sqlite3 SPOOL.sqlite 'SELECT reason, count(*) FROM dead GROUP BY reason'")
      ])
  }
}
