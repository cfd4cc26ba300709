import CMosquitto

/// What libmosquitto's callbacks tell, collected by the thread that runs the client's loop.
final class MosquittoInbox {
  struct Message: Sendable, Hashable {
    let topic: String
    let payload: [UInt8]
    let isRetained: Bool
  }

  /// The code of the broker's CONNACK; 0: it takes us.
  fileprivate(set) var greeting: Int32?
  /// Why the connection has ended: the library's error, or from 128 on the broker's reason.
  private(set) var ending: Int32?
  /// What the broker has said of items, by their number on this connection; 128 and more: no.
  fileprivate(set) var acknowledged: [(mid: Int32, code: Int32)] = []
  fileprivate(set) var received: [Message] = []
  /// The last error that the library wrote about, such as OpenSSL's.
  fileprivate(set) var lastError: String?

  /// More messages than these between two looks are lost: they are orders of people.
  private static let mostMessages = 256
  private static let longestMessage = 65_536

  func end(_ code: Int32) { if ending == nil { ending = code } }

  func takeAcknowledged() -> [(mid: Int32, code: Int32)] {
    defer { acknowledged.removeAll(keepingCapacity: true) }
    return acknowledged
  }

  func takeReceived() -> [Message] {
    defer { received.removeAll() }
    return received
  }

  fileprivate func receive(_ message: Message) {
    if received.count < Self.mostMessages, message.payload.count <= Self.longestMessage { received.append(message) }
  }

  // MARK: - For C

  /// The owner that the client is made with. The inbox must outlive the client.
  var pointer: UnsafeMutableRawPointer { unsafe Unmanaged.passUnretained(self).toOpaque() }

  static func attach(to client: OpaquePointer, _ api: EPMosquitto) {
    // SAFETY: the owner of each is the inbox that `pointer` is of, which lives as long as the client; messages and texts are
    // there for the call.
    unsafe api.connect_v5_callback_set(client) { _, owner, code, _, _ in
      unsafe MosquittoInbox.of(owner)?.greeting = code
    }
    unsafe api.disconnect_v5_callback_set(client) { _, owner, code, _ in
      unsafe MosquittoInbox.of(owner)?.end(code)
    }
    unsafe api.publish_v5_callback_set(client) { _, owner, mid, code, _ in
      unsafe MosquittoInbox.of(owner)?.acknowledged.append((mid, code))
    }
    unsafe api.message_callback_set(client) { _, owner, message in
      let count = unsafe Int(max(0, message.pointee.payload_length))
      let payload = unsafe UnsafeRawBufferPointer(
        start: message.pointee.payload, count: message.pointee.payload == nil ? 0 : count)
      unsafe MosquittoInbox.of(owner)?.receive(
        Message(
          topic: String(cString: message.pointee.topic), payload: Array(payload), isRetained: message.pointee.retain))
    }
    unsafe api.log_callback_set(client) { _, owner, level, text in
      guard level == EPMosquittoLogError, let text = unsafe text else { return }
      unsafe MosquittoInbox.of(owner)?.lastError = unsafe String(cString: text)
    }
  }

  private static func of(_ owner: UnsafeMutableRawPointer?) -> MosquittoInbox? {
    unsafe owner.map { unsafe Unmanaged<MosquittoInbox>.fromOpaque($0).takeUnretainedValue() }
  }
}
