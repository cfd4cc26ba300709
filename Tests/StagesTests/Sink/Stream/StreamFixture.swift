import CFFmpeg
import EdgepipeCore
import Foundation
import Pipeline
import PipelineTestSupport
import Testing

@testable import Stages

/// What the tests of live output share.
enum StreamFixture {
  /// A picture of H.264: its units behind start codes.
  static func picture(
    _ units: [[UInt8]] = [[0x41, 1, 2, 3]], ticks: Int64 = 0, isKey: Bool = false, isBreak: Bool = false
  ) throws -> EncodedPicture {
    let bytes: [UInt8] = units.flatMap { [0, 0, 0, 1] + $0 }
    var packet = unsafe av_packet_alloc()
    defer { unsafe av_packet_free(&packet) }
    let handle = try unsafe #require(packet)
    try unsafe #require(av_new_packet(handle, Int32(bytes.count)) == 0)
    for (index, byte) in bytes.enumerated() { unsafe handle.pointee.data[index] = byte }
    unsafe handle.pointee.pts = ticks
    unsafe handle.pointee.dts = ticks
    unsafe handle.pointee.flags = isKey ? AV_PKT_FLAG_KEY : 0
    return try unsafe EncodedPicture(taking: handle, isBreak: isBreak, wall: WallTime(nanoseconds: 0))
  }

  /// Frames with a box at 100, 40 and the given times.
  static func frames(
    _ seconds: [Double], stream: String = "camera", discontinuity: Int = 0, width: Int = 320, height: Int = 180
  ) throws -> [Frame] {
    try seconds.enumerated().map { index, time in
      SinkFixture.frame(
        index, stream: stream, seconds: time, width: width, height: height,
        image: try SinkFixture.picture(width: width, height: height, phase: 3 * index), discontinuity: discontinuity,
        results: [
          StageResults(stage: "objects", detections: [SinkFixture.detection(x: 100, y: 40, width: 80, height: 100)])
        ])
    }
  }

  static func frames(count: Int, stream: String = "camera") throws -> [Frame] {
    try frames((0..<count).map { Double($0) / 25 }, stream: stream)
  }

  /// Runs a sink over frames to its end.
  @discardableResult
  static func run(_ configuration: StreamSink.Configuration, _ frames: [Frame]) throws -> StreamSink {
    let sink = try StreamSink(configuration, context: SinkFixture.context("live"))
    let worker = sink.makeWorker(WorkerContext(index: 0, workerCount: 1))
    for frame in frames { _ = try worker.process(frame) }
    try worker.finish()
    return sink
  }

  /// What the report says of a stream.
  static func figures(_ sink: StreamSink, stream: String = "camera") throws -> [String: ReportValue] {
    guard case .object(let streams)? = sink.facts["streams"], case .object(let figures)? = streams[stream] else {
      throw MediaFixtures.Missing(what: "figures of '\(stream)'")
    }
    return figures
  }
}
