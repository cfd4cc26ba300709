import EdgepipeCore
import Foundation
import Measure
import Pipeline

/// What a detection prints at its end: the classes, the frames, and where the results are.
struct DetectSummary {
  let choice: ModelChoice
  let inputs: DetectInputs
  let tally: DetectionTally
  /// Where the results went.
  let folder: String?

  func text(_ snapshot: PipelineRunner.Snapshot) -> String {
    let seconds = max(snapshot.elapsedSeconds, 1e-9), frames = tally.frames
    var lines = [classes, ""]
    lines.append(
      "frames      \(frames) in \(Figure.text(seconds, decimals: 1)) s, "
        + "\(Figure.text(Double(frames) / seconds, decimals: 1)) frames/s")
    if snapshot.ledger.droppedTotal > 0 { lines.append("dropped     \(snapshot.ledger.droppedTotal) frames") }
    lines += written(snapshot).map { "written     \($0)" }
    return lines.joined(separator: "\n")
  }

  private var classes: String {
    let rows = tally.classes
    guard !rows.isEmpty else { return "nothing was detected" }
    let isTracked = rows.contains { $0.count.objects != nil }
    var table = Table(
      ["class", "detections", "frames"] + (isTracked ? ["objects"] : []) + ["best score"],
      alignment: [.left, .right, .right] + (isTracked ? [.right] : []) + [.right])
    for (label, count) in rows {
      table.add(
        [label, "\(count.detections)", "\(count.frames)"] + (isTracked ? [count.objects.map { "\($0)" } ?? "-"] : [])
          + [Figure.text(Double(count.bestScore), decimals: 2)])
    }
    return table.text
  }

  /// The files and folders that the sinks wrote; a run that failed may have none.
  private func written(_ snapshot: PipelineRunner.Snapshot) -> [String] {
    snapshot.stages.filter { $0.role == .sink }.flatMap { stage -> [String] in
      if case .list(let files)? = stage.facts["files"] { return files.map(\.plain) }
      return [stage.facts["path"] ?? stage.facts["folder"]].compactMap { $0?.plain }
    }.filter(FileManager.default.fileExists(atPath:))
  }

  /// For programs.
  func value(_ snapshot: PipelineRunner.Snapshot) -> ReportValue {
    .object([
      "version": .int(1),
      "model": .object(["name": .string(choice.name), "reason": .string(choice.reason)]),
      "inputs": .list(
        inputs.all.map { input in
          .object([
            "stream": .string(input.id), "url": .string(URLRedaction.redact(input.url)),
            "kind": .string(input.isPictures ? "pictures" : "video"),
            "frames": .int(snapshot.streams[input.id]?.delivered ?? 0),
          ])
        }),
      "classes": tally.value, "frames": .int(tally.frames), "seconds": .rounded(snapshot.elapsedSeconds),
      "dropped": .int(snapshot.ledger.droppedTotal), "written": .list(written(snapshot).map { .string($0) }),
    ])
  }
}
