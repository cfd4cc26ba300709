import Detectors
import Pipeline
import PipelineTestSupport
import Synchronization
import Testing

@testable import Stages

@Suite(.enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
struct MediaMemoryTests {
  /// Scales what comes and notes the process's memory at two points.
  private final class Probe: Sendable {
    private struct State { var frames = 0, early = 0.0, late = 0.0 }
    private let state = Mutex(State())
    // SAFETY: used under the lock alone.
    nonisolated(unsafe) private let worker: any FrameWorker

    init(_ worker: any FrameWorker) { unsafe self.worker = worker }

    func take(_ frame: Frame) {
      state.withLock { state in
        _ = unsafe try? worker.process(frame)
        state.frames += 1
        if state.frames == 500 { state.early = (try? ResidentMemory.nowMB()) ?? 0 }
        if state.frames == 2000 { state.late = (try? ResidentMemory.nowMB()) ?? 0 }
      }
    }

    var growthMB: (early: Double, late: Double) { state.withLock { ($0.early, $0.late) } }
  }

  // One lost picture of 640 x 480 a frame (0.46 MB) would be 690 MB here, one lost AVFrame (0.5 kB) with its buffers'
  // bookkeeping about 1 MB. Tests run side by side, so some growth belongs to others.
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
    let (early, late) = probe.growthMB
    #expect(early > 0 && late - early < 100, "\(early) MB after 500 frames, \(late) MB after 2,000")
  }
}
