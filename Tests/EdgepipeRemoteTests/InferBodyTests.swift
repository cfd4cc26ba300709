import Detectors
import EdgepipeCore
import Foundation
import NIOCore
import Testing

@testable import EdgepipeRemote

struct InferBodyTests {
  private let interface = ModelInterface(
    input: RemoteTensor(name: "x\"", datatype: "UINT8", shape: [-1]),
    outputs: [RemoteTensor(name: "y", datatype: "FP32", shape: [-1])])

  private func head(_ body: InferBody) throws -> [String: Any] {
    let bytes = Data(body.buffer.readableBytesView.prefix(body.headBytes ?? body.buffer.readableBytes))
    return try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
  }

  @Test("given a binary body, when another parser reads its head, then the tensor's bytes stand behind it")
  func binary() throws {
    let tensor = OutgoingTensor(Requests.tensor([2, 2], bytes: [1, 2, 254, 255]))
    let body = InferBody(id: "a\nb", interface, tensor, isBinary: true)
    let head = try head(body), count = try #require(body.headBytes)
    #expect(Array(body.buffer.readableBytesView.dropFirst(count)) == [1, 2, 254, 255])
    #expect(head["id"] as? String == "a\nb")
    let input = try #require((head["inputs"] as? [[String: Any]])?.first)
    #expect(input["name"] as? String == "x\"" && input["datatype"] as? String == "UINT8")
    #expect(input["shape"] as? [Int] == [2, 2] && input["data"] == nil)
    #expect((input["parameters"] as? [String: Int]) == ["binary_data_size": 4])
    let output = try #require((head["outputs"] as? [[String: Any]])?.first)
    #expect(output["name"] as? String == "y" && (output["parameters"] as? [String: Bool]) == ["binary_data": true])
  }

  @Test("given a JSON body, when another parser reads it, then the numbers are the tensor's")
  func json() throws {
    let floats: [Float] = [0.1, -2.5, 1e-20, 3e20]
    let cases: [(Tensor, [Float])] = [
      (Requests.tensor([4], bytes: [1, 2, 254, 255]), [1, 2, 254, 255]), (Requests.tensor([4], floats), floats),
    ]
    for (tensor, values) in cases {
      let body = InferBody(id: "1", interface, OutgoingTensor(tensor), isBinary: false)
      let input = try #require((try head(body)["inputs"] as? [[String: Any]])?.first)
      #expect(body.headBytes == nil)
      let data = try #require(input["data"] as? [Double])
      #expect(data.map { Float($0) } == values)
    }
  }

  @Test("given a file, when it goes out, then its length stands before it")
  func file() {
    let tensor = OutgoingTensor(bytes: [9, 8, 7])
    #expect(tensor.shape == [1] && tensor.byteCount == 7)
    #expect(unsafe tensor.withRawBytes { unsafe Array($0) } == [3, 0, 0, 0, 9, 8, 7])
  }

  @Test("given a body, when it is compressed, then gzip gives it back")
  func compressed() throws {
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    let packed = try #require(Gzip.compressed(ByteBuffer(bytes: bytes)))
    #expect(packed.readableBytes < bytes.count / 2)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("edgepipe-gzip-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(packed.readableBytesView).write(to: folder)
    let process = Process(), output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/bin/gzip")
    process.arguments = ["-dc"]
    process.standardInput = try FileHandle(forReadingFrom: folder)
    process.standardOutput = output
    try process.run()
    let unpacked = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0 && Array(unpacked) == bytes)
  }
}
