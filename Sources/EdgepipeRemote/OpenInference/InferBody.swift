import EdgepipeCore
import NIOCore

/// The body of an inference over HTTP: JSON, and behind it the tensor's bytes where the binary tensor extension is used.
struct InferBody: Sendable {
  /// How many bytes of ``buffer`` are JSON; nil where all of it is.
  let headBytes: Int?
  let buffer: ByteBuffer

  /// - Parameter outputs: what is asked for.
  init(id: String, _ interface: ModelInterface, _ tensor: OutgoingTensor, isBinary: Bool) {
    let name = Self.quoted(interface.input.name)
    let shape = tensor.shape.map(String.init).joined(separator: ",")
    let head =
      "{\"id\":\(Self.quoted(id)),\"inputs\":[{\"name\":\(name),\"shape\":[\(shape)],\"datatype\":\"\(tensor.datatype.rawValue)\","
    let parameters = isBinary ? ",\"parameters\":{\"binary_data\":true}" : ""
    let wanted = interface.outputs.map { "{\"name\":\(Self.quoted($0.name))\(parameters)}" }.joined(separator: ",")
    let tail = "}],\"outputs\":[\(wanted)]}"
    if isBinary {
      let text = head + "\"parameters\":{\"binary_data_size\":\(tensor.byteCount)}" + tail
      headBytes = text.utf8.count
      var buffer = ByteBufferAllocator().buffer(capacity: text.utf8.count + tensor.byteCount)
      buffer.writeString(text)
      // SAFETY: the bytes are copied during the call: the one copy of the tensor that is made here.
      _ = unsafe tensor.withRawBytes { unsafe buffer.writeBytes($0) }
      self.buffer = buffer
    } else {
      headBytes = nil
      var buffer = ByteBufferAllocator().buffer(capacity: head.utf8.count + tensor.byteCount * 4 + tail.utf8.count)
      buffer.writeString(head + "\"data\":[")
      tensor.writeNumbers(to: &buffer)
      buffer.writeString("]" + tail)
      self.buffer = buffer
    }
  }

  private static func quoted(_ text: String) -> String { JSONNode(.string(text), origin: .override(0)).text() }
}
