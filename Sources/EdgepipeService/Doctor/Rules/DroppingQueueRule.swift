/// Frames of files are dropped by a queue: a file can wait, so this is a setting and never a need.
struct DroppingQueueRule: DoctorRule {
  func findings(_ consultation: Consultation) -> [DoctorFinding] {
    let run = consultation.run, files = run.streams.filter { !$0.isLive }
    func dropped(_ counts: [String: Int]) -> Double {
      Double(counts["queue-oldest"] ?? 0) + Double(counts["queue-newest"] ?? 0)
    }
    let admitted = files.reduce(0) { $0 + Double($1.admitted) }, lost = files.reduce(0) { $0 + dropped($1.dropped) }
    guard admitted > 0, lost > 0, let stage = run.stages.max(by: { dropped($0.dropped) < dropped($1.dropped) }) else {
      return []
    }
    let capacity = stage.queueCapacity ?? 4
    return [
      DoctorFinding(
        .latency, .droppingQueue, subject: stage.id, weight: lost / admitted,
        "the queue of \(stage.name) drops frames of a file, which could wait: its overflow policy does that",
        figures: [
          .init(
            "lost_share", lost / admitted,
            "\(Words.count(lost)) of \(Words.count(admitted)) frames of files are dropped (\(Words.percent(lost / admitted)))"
          ),
          .init(
            "queue_capacity", Double(capacity), "its queue holds \(Words.counted(capacity, "frame")), and overflowed"),
        ],
        remedies: [
          .init(
            "let the file wait",
            consultation.commands.set(stage.id, "queue", "{\"capacity\":\(capacity),\"overflow\":\"block\"}"))
        ])
    ]
  }
}
