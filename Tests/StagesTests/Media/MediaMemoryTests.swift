import PipelineTestSupport
@testable import Stages
import Synchronization
import Testing

@testable import Detectors
@testable import Pipeline

@Suite(.enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
struct MediaMemoryTests {
  /// Scales what comes and notes the process's memory now and then.
  private final class Probe: Sendable {
    private struct State { var frames = 0, readings: [Double] = [] }
    private let state = Mutex(State())
    // SAFETY: used under the lock alone.
    nonisolated(unsafe) private let worker: any FrameWorker

    init(_ worker: any FrameWorker) { unsafe self.worker = worker }

    func take(_ frame: Frame) {
      state.withLock { state in
        _ = unsafe try? worker.process(frame)
        state.frames += 1
        if state.frames % 200 == 0 { state.readings.append((try? ResidentMemory.nowMB()) ?? 0) }
      }
    }

    /// Every 200 frames.
    var readingsMB: [Double] { state.withLock { $0.readings } }
  }

  // One lost picture of 640 x 480 a frame (0.46 MB) would be 92 MB in each stretch of 200 frames. Tests run side by side in
  // one process, so some growth belongs to others; but not in every stretch.
  @Test func givenTwoThousandFrames_whenDecodedAndScaled_thenMemoryDoesNotGrow() throws {
    let path = try MediaFixtures.make(
      "long.mp4",
      [
        "-f", "lavfi", "-i", "testsrc=size=640x480:rate=25:duration=80", "-pix_fmt", "yuv420p", "-c:v", "libx264",
        "-preset", "ultrafast",
      ])
    let letterbox = try LetterboxFixtures.letterbox([LetterboxFixtures.request(.auto)])
    let probe = Probe(try letterbox.makeWorker(WorkerContext(index: 0, workerCount: 1)))
    let output = RecordingOutput(keepsImages: false) { probe.take($0) }
    try MediaFixtures.run(path, output: output)
    #expect(output.frames.count == 2000)
    let readings = probe.readingsMB
    try #require(readings.count == 10 && readings.allSatisfy { $0 > 0 })
    let growth = zip(readings.dropFirst(), readings).map { $0 - $1 }
    #expect(try #require(growth.min()) < 13, "MB in stretches of 200 frames: \(growth)")
  }
}
