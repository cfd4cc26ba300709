import EdgepipeCore
import NIOCore
import Testing

@testable import EdgepipeRemote

struct AnswerReaderTests {
  static let interface = ModelInterface(
    input: RemoteTensor(name: "x", datatype: "FP32", shape: [1, 3]),
    outputs: [
      RemoteTensor(name: "y", datatype: "FP32", shape: [1, -1]),
      RemoteTensor(name: "z", datatype: "INT64", shape: [-1]),
    ])
  static let question = AnswerParts.Question(id: "7", model: "m", version: nil, interface: interface)

  static func read(_ json: String, _ raw: [UInt8]? = nil) throws(RemoteFailure) -> [InferAnswer.Output] {
    let headBytes = raw == nil ? nil : json.utf8.count
    return try AnswerParts(body: ByteBuffer(bytes: Array(json.utf8) + (raw ?? [])), headBytes: headBytes)
      .checked(question)
  }

  static func json(_ outputs: String, _ more: String = "") -> String {
    "{\"model_name\":\"m\",\"model_version\":\"1\",\"id\":\"7\"\(more),\"outputs\":[\(outputs)]}"
  }

  static let y = "{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[1,2],\"data\":[[1.5,-2e-1]]}"
  static let z =
    "{\"data\":[3],\"name\":\"z\",\"shape\":[1],\"datatype\":\"INT64\",\"parameters\":{\"content_type\":\"np\"}}"

  @Test("given outputs as JSON in another order, when they are read, then they come as they were asked for")
  func jsonAnswer() throws {
    let outputs = try Self.read(Self.json(Self.z + "," + Self.y, ",\"parameters\":{\"a\":[1,{\"b\":null}]}"))
    #expect(outputs.map(\.name) == ["y", "z"])
    #expect(outputs.map(\.values) == [[1.5, -0.2], [3]])
  }

  @Test("given outputs as bytes, when they are read, then each gets its own")
  func binaryAnswer() throws {
    let y = "{\"name\":\"y\",\"datatype\":\"FP16\",\"shape\":[1,2],\"parameters\":{\"binary_data_size\":4}}"
    let z = "{\"name\":\"z\",\"datatype\":\"INT64\",\"shape\":[1],\"parameters\":{\"binary_data_size\":8}}"
    // Half precision 1.0 is 3C00, -2.0 is C000.
    let raw: [UInt8] = [0x00, 0x3C, 0x00, 0xC0, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
    let outputs = try Self.read(Self.json(y + "," + z), raw)
    #expect(outputs.map(\.values) == [[1, -2], [-2]])
  }

  @Test(
    "given an answer that breaks one rule, when it is read, then it is malformed and says which",
    arguments: [
      (json(y), "the output 'z' 0 times"), (json(y + "," + y + "," + z), "the output 'y' 2 times"),
      (json(y + "," + z).replacing("\"m\"", with: "\"n\""), "the model 'n'"),
      (json(y + "," + z).replacing("\"7\"", with: "\"8\""), "the id '8'"),
      (json(y + "," + z).replacing("[1,2]", with: "[2,1]"), "the shape [2, 1]"),
      (json(y + "," + z).replacing("[1,2]", with: "[1,3]"), "2 values"),
      (json(y + "," + z).replacing("[1,2]", with: "[1,-2]"), "is impossible"),
      (json(y + "," + z).replacing("[1,2]", with: "[1,9e19]"), "an integer"),
      (json(y + "," + z).replacing("\"FP32\"", with: "\"BYTES\""), "'BYTES'"),
      (json(y + "," + z).replacing("\"data\":[3]", with: "\"data\":null"), "has no data"),
      (json(y + "," + z, ",\"id\":\"7\""), "'id' twice"), (json(y + "," + z) + "x", "the end"),
      (json(y + "," + z, ",\"q\":01"), "no valid JSON"), ("", "an object"), ("[]", "an object"),
      (
        json(y + "," + z).replacing("\"data\":[3]", with: "\"parameters\":{\"binary_data_size\":8}"),
        "'parameters' twice"
      ),
    ])
  func wrong(_ json: String, _ what: String) throws {
    let failure = try #require(Requests.failure { _ = try Self.read(json) })
    #expect(failure.kind == .malformed)
    #expect(failure.message.contains(what), "\(failure.message)")
  }

  @Test(
    "given bytes that are too many or too few, when they are read, then the answer is malformed", arguments: [3, 5, 0])
  func sizes(_ count: Int) throws {
    let y = "{\"name\":\"y\",\"datatype\":\"UINT8\",\"shape\":[1,4],\"parameters\":{\"binary_data_size\":4}}"
    let failure = Requests.failure { _ = try Self.read(Self.json(y), [UInt8](repeating: 1, count: count)) }
    #expect(failure?.kind == .malformed)
  }

  @Test("given valid answers, when they are cut and changed at random, then reading them never fails in another way")
  func damaged() {
    let binary =
      "{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[1,2],\"parameters\":{\"binary_data_size\":8}},"
      + "{\"name\":\"z\",\"datatype\":\"INT64\",\"shape\":[1],\"parameters\":{\"binary_data_size\":8}}"
    let sources = [(Self.json(Self.y + "," + Self.z), nil), (Self.json(binary), 16)]
    var random = SplitMix64(seed: 20)
    for round in 0..<4000 {
      let (json, rawCount) = sources[round % 2]
      var bytes = Array(json.utf8) + [UInt8](repeating: 0x40, count: rawCount ?? 0)
      for _ in 0...Int(random.next() % 3) {
        let place = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 4 {
        case 0: bytes = Array(bytes.prefix(max(1, place)))
        case 1: bytes[place] ^= UInt8(truncatingIfNeeded: 1 << (random.next() % 8))
        case 2: bytes.insert(contentsOf: bytes.suffix(place % 9), at: place)
        default: bytes[place] = [0x22, 0x5B, 0x7B, 0x2D, 0x65, 0x39][Int(random.next() % 6)]
        }
      }
      let headBytes = rawCount == nil ? nil : Int(random.next() % 8) == 0 ? Int(random.next() % 400) : json.utf8.count
      let failure = Requests.failure {
        let outputs = try AnswerParts(body: ByteBuffer(bytes: bytes), headBytes: headBytes).checked(Self.question)
        for output in outputs { #expect(output.values.count == output.shape.reduce(1, *)) }
      }
      #expect(failure == nil || failure?.kind == .malformed, "\(String(decoding: bytes, as: UTF8.self))")
    }
  }
}
