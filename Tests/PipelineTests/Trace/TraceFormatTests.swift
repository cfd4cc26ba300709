import Foundation
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Pipeline

@Suite("Traces: the file")
struct TraceFormatTests {
  @Test("given one record of each kind, when it is written and read, then it is the same")
  func roundTrip() throws {
    for record in TraceSamples.all + [.manifest([1]), .cut("full")] {
      let bytes = record.encoded
      let kind = try #require(TraceKind(rawValue: bytes[8]))
      let again = try TraceRecord(kind, Array(bytes[TraceFormat.recordHeaderSize...]))
      #expect(again.encoded == bytes)
      if case .stream(_, let info) = again {
        #expect(info.id == "cam" && info.deadlineMs == 80.5 && info.isLive)
      } else {
        #expect("\(again)" == "\(record)")
      }
    }
  }

  @Test("given the check value of CRC-32, when it is computed, then it is the known one")
  func checksum() {
    // The check value of the catalogue of CRC algorithms: "123456789" gives CBF43926.
    #expect(CRC32.checksum(UInt8(ascii: "1"), Array("23456789".utf8)) == 0xCBF4_3926)
  }

  @Test("given a whole trace, when it is loaded, then what happened in each stage is there in order")
  func load() throws {
    let fixture = try TraceFixture()
    try fixture.write(TraceSamples.all)
    let trace = try fixture.load()
    #expect(trace.gap == nil)
    #expect(trace.runFailed)
    #expect(trace.streams.map(\.id) == ["cam"])
    #expect(trace.stages[1]?.steps.count == 2)
    #expect(trace.stages[2]?.steps.isEmpty == true)
    #expect(trace.closing(TraceSamples.key)?.time == MonotonicTime(nanoseconds: 100))
    var kinds = 0
    try trace.replay(stream: 0) { record throws(PipelineError) in
      kinds += 1
      return true
    }
    #expect(kinds == 8)
  }

  @Test("given a trace that breaks off anywhere, when it is loaded, then its beginning is taken and the gap is told")
  func truncation() throws {
    let fixture = try TraceFixture()
    try fixture.write(TraceSamples.all)
    let whole = try fixture.bytes()
    let least = TraceFormat.header.count + TraceRecord.manifest(TraceFixture.manifest.json).encoded.count
    for length in least..<whole.count {
      try fixture.write(Array(whole[..<length]))
      let gap = try fixture.load().gap
      #expect(gap != nil, "\(length) of \(whole.count) bytes")
    }
  }

  @Test("given any changed byte, when the trace is loaded, then it is refused with exit 65")
  func mutation() throws {
    let fixture = try TraceFixture()
    try fixture.write(TraceSamples.all)
    let whole = try fixture.bytes()
    for index in whole.indices where !(12..<16).contains(index) {
      var bytes = whole
      bytes[index] ^= 0x10
      try fixture.write(bytes)
      do {
        // A length that grows beyond the file looks like a trace that breaks off.
        let gap = try fixture.load().gap
        #expect(gap != nil, "byte \(index)")
      } catch let error as PipelineError {
        #expect(error.exit == .dataError, "byte \(index): \(error)")
      }
    }
  }

  @Test(
    "given payloads of random bytes with right checksums, when they are loaded, then nothing crashes", arguments: 0..<8)
  func randomPayloads(seed: Int) throws {
    let fixture = try TraceFixture()
    var random = SplitMix64(seed: UInt64(seed))
    for _ in 0..<200 {
      var bytes = TraceFormat.header + TraceRecord.manifest(TraceFixture.manifest.json).encoded
      for sample in TraceSamples.all where Bool.random(using: &random) {
        var payload = Array(sample.encoded[TraceFormat.recordHeaderSize...])
        for _ in 0..<Int.random(in: 0...2, using: &random) where !payload.isEmpty {
          payload[Int.random(in: payload.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        let kind = TraceKind(rawValue: UInt8.random(in: 1...16, using: &random)) ?? .frame
        let isSwapped = Int.random(in: 0..<4, using: &random) == 0
        bytes += TraceFormat.record(isSwapped ? kind : TraceKind(rawValue: sample.encoded[8]) ?? kind, payload)
      }
      try fixture.write(bytes)
      do { _ = try fixture.load() } catch let error as PipelineError { #expect(error.exit == .dataError) }
    }
  }

  @Test("given other files, when they are loaded, then each is refused with its reason")
  func refused() throws {
    let fixture = try TraceFixture()
    #expect(throws: PipelineError.self) { try fixture.load() }
    try fixture.write(Array("{ \"version\": 1 }".utf8))
    let text = #expect(throws: PipelineError.self) { try fixture.load() }
    #expect(text?.exit == .dataError)
    try fixture.write(TraceFormat.magic + TraceFormat.bytes(TraceFormat.version + 1) + TraceFormat.bytes(0))
    let version = #expect(throws: PipelineError.self) { try fixture.load() }
    #expect(version?.message.contains("version \(TraceFormat.version + 1)") == true)
    try fixture.write(TraceFormat.header)
    let empty = #expect(throws: PipelineError.self) { try fixture.load() }
    #expect(empty?.exit == .dataError)
  }

  @Test("given records that contradict each other, when they are loaded, then they are refused")
  func contradictions() throws {
    let fixture = try TraceFixture()
    let stream = TraceRecord.stream(0, TraceSamples.stream), taken = TraceRecord.taken(stage: 1, TraceSamples.key)
    let bad: [[TraceRecord]] = [
      [taken], [stream, taken], [stream, TraceSamples.frame(3), taken, taken], [TraceSamples.frame(0)],
      [stream, TraceSamples.frame(3), TraceSamples.frame(3)],
      [stream, .closed(TraceSamples.key, .init(time: MonotonicTime(nanoseconds: 0), fate: .delivered))],
      [.end(failed: false), stream], [.stream(1, TraceSamples.stream)],
      [stream, .streamEnd(stream: 0, nil), TraceSamples.frame(0)],
    ]
    for records in bad {
      try fixture.write(records)
      let error = #expect(throws: PipelineError.self) { try fixture.load() }
      #expect(error?.exit == .dataError)
    }
  }
}

@Suite("Traces: the recorder", .timeLimit(.minutes(15)))
struct TraceRecorderTests {
  /// A disk that takes nothing until it is let go, or fails after so many bytes.
  private final class Disk: Sendable {
    private let state = Monitor((written: [UInt8](), isStuck: false, room: Int.max))
    func write(_ bytes: [UInt8]) throws {
      try state.wait { state -> Result<Void, PipelineError>? in
        if state.isStuck { return nil }
        guard state.written.count + bytes.count <= state.room else {
          return .failure(PipelineError("full", code: .writeFailed))
        }
        state.written += bytes
        return .success(())
      }.get()
    }
    func set(isStuck: Bool = false, room: Int = .max) { state.change { ($0.isStuck, $0.room) = (isStuck, room) } }
    var written: [UInt8] { state.withLock { $0.written } }
  }

  private func recorder(_ disk: Disk, limit: Int) throws -> TraceRecorder {
    try TraceRecorder(TraceFixture.manifest, logger: TraceFixture.quiet, bufferLimit: limit) { try disk.write($0) }
  }

  @Test(
    "given a disk that stands still, when more comes than may wait, then nobody waits and the trace says that it ends")
  func slowDisk() throws {
    let disk = Disk(), fixture = try TraceFixture()
    let recorder = try recorder(disk, limit: 10_000)
    disk.set(isStuck: true)
    let number = recorder.register(TraceSamples.stream)
    for _ in 0..<1000 { recorder.append(.media(stream: number, [UInt8](repeating: 7, count: 1000))) }
    #expect(recorder.cutReason != nil)
    disk.set()
    recorder.finish(failed: false)
    #expect(disk.written.count < 25_000, "no more than what may wait, twice: in the hand of the writer and behind it")
    try fixture.write(disk.written)
    #expect(try fixture.load().gap == recorder.cutReason)
  }

  @Test("given a file source and a slow disk, when more comes than may wait, then it waits and all is recorded")
  func patientSource() throws {
    let disk = Disk(), fixture = try TraceFixture()
    let recorder = try recorder(disk, limit: 10_000)
    let number = recorder.register(TraceSamples.stream)
    for _ in 0..<1000 { recorder.append(.media(stream: number, [UInt8](repeating: 7, count: 1000)), mayWait: true) }
    recorder.finish(failed: false)
    try fixture.write(disk.written)
    #expect(try fixture.load().gap == nil)
    #expect(disk.written.count > 1_000_000)
  }

  @Test("given a disk that fills up, when it does, then recording ends there and the beginning can be read")
  func fullDisk() throws {
    let disk = Disk(), fixture = try TraceFixture()
    disk.set(room: 20_000)
    let recorder = try recorder(disk, limit: 1 << 20)
    let number = recorder.register(TraceSamples.stream)
    for _ in 0..<1000 { recorder.append(.media(stream: number, [UInt8](repeating: 7, count: 1000))) }
    recorder.finish(failed: false)
    #expect(recorder.cutReason?.contains("full") == true)
    try fixture.write(disk.written)
    #expect(try fixture.load().gap != nil)
  }

  @Test("given records of which the last does not fit, when the file is cut, then only whole ones stay")
  func wholeRecords() {
    let first = TraceRecord.cut("a").encoded, second = TraceRecord.cut("bcd").encoded
    let both = first + second
    #expect(TraceFormat.wholeRecords(both, within: both.count) == both.count)
    #expect(TraceFormat.wholeRecords(both, within: both.count - 1) == first.count)
    #expect(TraceFormat.wholeRecords(both, within: first.count + 3) == first.count)
    #expect(TraceFormat.wholeRecords(both, within: 2) == 0)
  }
}
