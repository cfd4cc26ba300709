import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeCore

@Suite struct FeatureMessageTests {
  /// Tensors of two shapes, and a table that some of their values lie outside of.
  static func sample(bits: Int, seed: UInt64 = 1) throws -> (table: FeatureTable, tensors: [GraphTensor]) {
    var random = SplitMix64(seed: seed)
    func number(_ range: ClosedRange<Float>) -> Float { Float.random(in: range, using: &random) }
    let shapes = [[1, 3, 5, 7], [1, 2, 9]], names = ["one", "two"]
    let tensors = zip(names, shapes).map { name, shape in
      GraphTensor(name: name, shape: shape, floats: (0..<shape.reduce(1, *)).map { _ in number(-3...5) })
    }
    let channels = zip(names, shapes).map { name, shape in
      FeatureTable.Channels(
        name: name, low: (0..<shape[1]).map { _ in number(-2...0) },
        step: (0..<shape[1]).map { $0 == 1 ? 0 : number(0.01...0.3) })
    }
    return try (FeatureTable(bits: bits, tensors: channels), tensors)
  }

  @Test(arguments: 2...8, [0, 1, 9])
  func givenFeatures_whenSentAndRead_thenEachIsTheNearestLevel(bits: Int, level: Int) throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let (table, tensors) = try Self.sample(bits: bits, seed: seed)
      let read = try FeatureDecoder(table).decode(FeatureEncoder(table, level: level).encode(tensors.reversed()))
      #expect(read.map(\.name) == ["one", "two"])
      #expect(read.map(\.shape) == tensors.map(\.shape))
      for (channels, (sent, found)) in zip(table.tensors, zip(tensors, read)) {
        let inner = sent.shape.dropFirst(2).reduce(1, *)
        for (index, pair) in try zip(#require(sent.floats), #require(found.floats)).enumerated() {
          let low = channels.low[index / inner], step = channels.step[index / inner]
          let high = low + step * Float(table.levels - 1)
          let nearest = min(max(pair.0, low), high)
          #expect(abs(pair.1 - nearest) <= step / 2 * 1.001)
        }
      }
      // What was read once stays as it is.
      let again = try FeatureDecoder(table).decode(FeatureEncoder(table).encode(read))
      #expect(again == read)
    }
  }

  @Test func givenValuesThatAreNoNumbers_whenSent_thenTheyAreTheSmallest() throws {
    let table = try FeatureTable(bits: 4, tensors: [.init(name: "t", low: [-1], step: [0.5])])
    let tensor = GraphTensor(
      name: "t", shape: [1, 1, 4], floats: [.nan, -.infinity, .infinity, .greatestFiniteMagnitude])
    let read = try FeatureDecoder(table).decode(FeatureEncoder(table).encode([tensor]))
    #expect(read[0].floats == [-1, -1, 6.5, 6.5])
  }

  @Test func givenAMessage_whenItsBeginningIsRead_thenItIsAsDescribed() throws {
    let table = try FeatureTable(bits: 2, tensors: [.init(name: "t", low: [0], step: [1])])
    let message = try FeatureEncoder(table, level: 0).encode([
      GraphTensor(name: "t", shape: [1, 1, 5], floats: [0, 1, 2, 3, 1])
    ])
    #expect(Array(message[0..<8]) == [0x45, 0x50, 0x46, 0x54, 1, 0, 2, 1])
    #expect(Array(message[16..<29]) == [3, 1, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0])
    #expect(Array(message[29...]) == [2, 0, 0, 0, 0b1110_0100, 1])
  }

  @Test(arguments: [2, 3, 4, 8]) func givenDamagedMessages_whenRead_thenTheyAreRefusedOrStayInBounds(bits: Int) throws {
    let (table, tensors) = try Self.sample(bits: bits)
    let decoder = FeatureDecoder(table)
    for level in [0, 6] {
      let sound = try FeatureEncoder(table, level: level).encode(tensors)
      for length in 0..<sound.count {
        #expect(throws: PipelineError.self) { try decoder.decode(Array(sound[..<length])) }
      }
      #expect(throws: PipelineError.self) { try decoder.decode(sound + [0]) }
      var random = SplitMix64(seed: 7)
      for _ in 0..<2000 {
        var damaged = sound
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        guard let read = try? decoder.decode(damaged) else { continue }
        for (tensor, channels) in zip(read, table.tensors) {
          #expect(tensor.floats?.count == tensor.shape.reduce(1, *))
          #expect(tensor.shape[1] == channels.low.count)
          #expect(tensor.floats?.allSatisfy(\.isFinite) == true)
        }
      }
    }
  }

  @Test func givenAMessageThatSaysItIsHuge_whenRead_thenItIsRefusedBeforeMemoryIsTaken() throws {
    let table = try FeatureTable(bits: 8, tensors: [.init(name: "t", low: [0], step: [1])])
    var message = try FeatureEncoder(table).encode([GraphTensor(name: "t", shape: [1, 1, 4], floats: [0, 1, 2, 3])])
    // 64 Mi values in a message of fifty bytes.
    message.replaceSubrange(25..<29, with: UInt32(1 << 26).littleEndianBytes)
    message.replaceSubrange(29..<33, with: UInt32(1 << 26).littleEndianBytes)
    let error = #expect(throws: PipelineError.self) { try FeatureDecoder(table).decode(message) }
    #expect(error?.message.contains("cut short") == true)
  }

  @Test func givenAnotherTable_whenRead_thenItIsAMismatch() throws {
    let (table, tensors) = try Self.sample(bits: 4), (other, _) = try Self.sample(bits: 4, seed: 9)
    let message = try FeatureEncoder(table).encode(tensors)
    let error = #expect(throws: PipelineError.self) { try FeatureDecoder(other).decode(message) }
    #expect(error?.code == .mismatch)
  }

  @Test func givenATable_whenStoredAndRead_thenItIsTheSameAndChangesAreNoticed() throws {
    let (table, _) = try Self.sample(bits: 5)
    let data = try JSONEncoder().encode(table)
    #expect(try JSONDecoder().decode(FeatureTable.self, from: data) == table)
    let text = String(decoding: data, as: UTF8.self).replacingOccurrences(of: "\"bits\":5", with: "\"bits\":6")
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(FeatureTable.self, from: Data(text.utf8)) }
  }

  @Test func givenPictures_whenCalibrated_thenRangesHoldWhatTheRuleSays() throws {
    var calibration = FeatureCalibration(["t"])
    let ramp: [Float] = (0..<2000).map { Float($0) / 1000 - 1 }
    let few: [Float] = (0..<2000).map { $0 == 5 ? 100 : Float($0 % 7) }
    let values = ramp + few
    let tensor = GraphTensor(name: "t", shape: [1, 2, 2000], floats: values)
    try calibration.widen([tensor])
    try calibration.count([tensor])
    let full = try calibration.table(bits: 4, range: .full).tensors[0]
    #expect(abs(full.low[0] + 1) < 1e-3 && abs(full.low[0] + 15 * full.step[0] - 0.999) < 1e-3)
    #expect(abs(full.low[1] + 15 * full.step[1] - 100) < 0.01)
    // One value of a hundred among two thousand: cut off by both other rules.
    for range in [FeatureRange.percentile, .squaredError] {
      let channel = try calibration.table(bits: 4, range: range).tensors[0]
      #expect(channel.low[1] + 15 * channel.step[1] < 60, "\(range)")
    }
  }
}

/// What Triton's model.py unpacks, beside what this side does.
@Suite(.enabled(if: TestData.python != nil, "needs .deps/python")) struct FeatureServingTests {
  private static let script = """
    import base64, importlib.util, json, sys
    spec = importlib.util.spec_from_file_location("model", sys.argv[1])
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    table = model.read_table(sys.argv[2])
    for line in open(sys.argv[3]):
        try:
            found = model.decode(base64.b64decode(line), table)
            print(json.dumps({n: [list(v.shape), base64.b64encode(v.tobytes()).decode(), str(v.dtype)] for n, v in found.items()}))
        except model.Malformed as error:
            print(json.dumps({"malformed": [[], str(error), ""]}))
    """

  private struct Value: Decodable {
    var shape: [Int], text: String, type: String
    init(from decoder: any Decoder) throws {
      var values = try decoder.unkeyedContainer()
      (shape, text, type) = try (values.decode([Int].self), values.decode(String.self), values.decode(String.self))
    }
  }

  @Test(arguments: 2...8) func givenMessages_whenUnpackedInPython_thenTheBytesAreTheSame(bits: Int) throws {
    let folder = try TestData.temporaryFolder("features")
    defer { try? FileManager.default.removeItem(at: folder) }
    let (table, tensors) = try FeatureMessageTests.sample(bits: bits)
    let files = ["model.py", "features.json", "messages"].map { folder.appendingPathComponent($0) }
    try Data(PackageResources.model_py).write(to: files[0])
    try JSONEncoder().encode(table).write(to: files[1])
    let sound = try [0, 1, 9].map { try FeatureEncoder(table, level: $0).encode(tensors) }
    // Cut short, with more behind, of another table, with bytes changed.
    var random = SplitMix64(seed: 3)
    var damaged: [[UInt8]] = []
    for message in sound { damaged += [Array(message.dropLast()), message + [1], Array(message.prefix(12))] }
    for _ in 0..<200 {
      var message = sound[Int.random(in: 0..<3, using: &random)]
      message[Int.random(in: 0..<message.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
      damaged.append(message)
    }
    let lines = (sound + damaged).map { Data($0).base64EncodedString() + "\n" }.joined()
    try Data(lines.utf8).write(to: files[2])
    let output = try #require(try ModelFiles.python(Self.script, files.map(\.path)))
    let answers = try output.split(separator: "\n").map {
      try JSONDecoder().decode([String: Value].self, from: Data($0.utf8))
    }
    #expect(answers.count == sound.count + damaged.count)
    for (message, answer) in zip(sound + damaged, answers) {
      guard let expected = try? FeatureDecoder(table).decode(message) else {
        #expect(answer["malformed"] != nil)
        continue
      }
      for tensor in expected {
        #expect(answer[tensor.name]?.shape == tensor.shape)
        #expect(answer[tensor.name]?.text == Data(tensor.bytes).base64EncodedString())
        #expect(answer[tensor.name]?.type == "float32")
      }
    }
  }
}
