import EdgepipeCore
import Foundation
import Pipeline
import Synchronization

/// The one line that shows a run's progress on a terminal, four times a second.
final class LiveDisplay {
  private let runner: PipelineRunner
  private let line = ProgressLine()
  private let timer: any DispatchSourceTimer
  private let queue = DispatchQueue(label: "live-line")

  init(_ runner: PipelineRunner) {
    self.runner = runner
    timer = DispatchSource.makeTimerSource(queue: queue)
    timer.schedule(deadline: .now() + .milliseconds(250), repeating: .milliseconds(250))
    timer.setEventHandler { [runner, line] in line.show(Self.text(runner.snapshot())) }
    timer.resume()
  }

  /// Takes the line away; nothing is printed afterwards.
  func stop() {
    timer.cancel()
    queue.sync { line.end() }
  }

  private static func text(_ snapshot: PipelineRunner.Snapshot) -> String {
    let elapsed = max(snapshot.elapsedSeconds, 1e-3)
    var parts: [String] = []
    if let slowest = slowest(snapshot) {
      let share = slowest.position / slowest.duration
      parts.append(
        "\(ProgressLine.clock(slowest.position)) / \(ProgressLine.clock(slowest.duration)) \(Int(min(share, 1) * 100))%"
      )
      if share > 0.01, share < 1 { parts.append("ETA \(ProgressLine.clock(elapsed / share - elapsed))") }
    } else if let position = snapshot.streamFigures.map(\.values.position.seconds).max() {
      parts.append(ProgressLine.clock(position))
    }
    parts.append("\(Int((Double(snapshot.ledger.delivered) / elapsed).rounded())) fps")
    parts.append("\(snapshot.stages.reduce(0) { $0 + $1.values.detections }) detections")
    parts.append("\(snapshot.ledger.droppedTotal) dropped")
    if snapshot.ledger.failedTotal > 0 { parts.append("\(snapshot.ledger.failedTotal) failed") }
    return parts.joined(separator: " | ")
  }

  /// The finite input that has the longest way to go.
  private static func slowest(_ snapshot: PipelineRunner.Snapshot) -> (position: Double, duration: Double)? {
    snapshot.streamFigures.compactMap { stream in
      stream.values.duration.flatMap { $0.seconds > 0 ? (stream.values.position.seconds, $0.seconds) : nil }
    }.min { $0.0 / $0.1 < $1.0 / $1.1 }
  }
}
