import Foundation

@testable import EdgepipeService

/// A run report to change: 10 s of a healthy live pipeline with a camera of 30 frames a second, a detector and a sink.
struct ReportText {
  var root: [String: Any] = [
    "v": 1, "pipeline": "yard", "file": "yard.json", "wall_s": 10.0, "cpu_s": 4.0, "peak_rss_mb": 200.0, "exit": 0,
    "errors": [String](), "machine": ["cores": 2, "memory_mb": 4096],
    "resources": [
      "cores": 2.0, "cpu_s": 4.0, "other_programs_cpu_s": 0.2, "throttled_s": 0.0, "memory_limit_mb": NSNull(),
    ] as [String: Any],
    "ledger": ["admitted": 300, "delivered": 300, "failed": 0],
    "power": ["method": "none"],
  ]
  var camera = ReportText.stage("source.ffmpeg", workMs: 1200, cpuMs: 1000, more: ["paused_ms": 8800.0])
  var objects = ReportText.stage(
    "detect.yolo", workMs: 3000, cpuMs: 2900,
    more: [
      "facts": [
        "model": "yolox-nano", "precision": "float32", "threads": 1, "input_sizes": ["416x256"], "score": 0.3,
      ] as [String: Any]
    ])
  var events = ReportText.stage("sink.jsonl", workMs: 30, cpuMs: 30)
  var stream: [String: Any] = [
    "source": "camera", "live": true, "media_s": 10.0, "admitted": 300, "delivered": 300, "late": 0,
    "deadline_ms": 100.0, "dropped_by": [[String: Any]](), "latency_ms": ["p95": 40.0],
    "health": ["state": "streaming", "last_error": NSNull(), "faults": 0, "changes": [[String: Any]]()]
      as [String: Any],
  ]

  static func stage(_ type: String, workMs: Double, cpuMs: Double, more: [String: Any] = [:]) -> [String: Any] {
    var stage: [String: Any] = [
      "type": type, "workers": 1, "in": 300, "out": 300, "failed": 0, "detections": 500, "worked": 300,
      "work_ms": workMs, "cpu_ms": cpuMs, "startup_cpu_ms": 0.0, "queue_highest": 2, "queue_capacity": 4,
      "dropped_by_reason": [String: Int](), "counters": [String: Int](), "energy_j": 5.0,
    ]
    stage.merge(more) { $1 }
    return stage
  }

  /// `count` of the stream's frames are lost in a stage.
  mutating func lose(_ count: Int, _ reason: String, in stage: WritableKeyPath<ReportText, [String: Any]>) {
    stream["dropped_by"] = [["stage": "objects", "reason": reason, "count": count] as [String: Any]]
    stream["delivered"] = 300 - count
    self[keyPath: stage]["dropped_by_reason"] = [reason: count]
  }

  /// The only stream is a file.
  mutating func readsFile(mediaS: Double) {
    stream["live"] = false
    stream["deadline_ms"] = NSNull()
    stream["health"] = NSNull()
    stream["media_s"] = mediaS
  }

  mutating func fact(_ key: String, _ value: Any, of stage: WritableKeyPath<ReportText, [String: Any]> = \.objects) {
    var facts = self[keyPath: stage]["facts"] as? [String: Any] ?? [:]
    facts[key] = value
    self[keyPath: stage]["facts"] = facts
  }

  mutating func resource(_ key: String, _ value: Any) {
    var resources = root["resources"] as? [String: Any] ?? [:]
    resources[key] = value
    root["resources"] = resources
  }

  var text: String {
    get throws {
      var whole = root
      whole["stages"] = ["camera": camera, "objects": objects, "events": events]
      whole["streams"] = ["camera": stream]
      return String(decoding: try JSONSerialization.data(withJSONObject: whole, options: .sortedKeys), as: UTF8.self)
    }
  }

  var view: RunView { get throws { try RunView(text: text, name: "report.json") } }

  func findings(models: [Consultation.Model] = [], control: String? = nil) throws -> [DoctorFinding] {
    let view = try view
    return Doctor.findings(
      Consultation(run: view, models: models, commands: PasteCommands(file: view.file, control: control)))
  }

  /// A report, changed.
  static func with(_ change: (inout ReportText) -> Void) -> ReportText {
    var report = ReportText()
    change(&report)
    return report
  }
}

extension [DoctorFinding] {
  var causes: [DoctorFinding.Cause] { map(\.cause) }
  var commands: [String] { flatMap { $0.remedies.compactMap(\.command) } }

  func value(_ figure: String) -> Double? {
    lazy.flatMap(\.figures).first { $0.name == figure }?.value
  }
}
