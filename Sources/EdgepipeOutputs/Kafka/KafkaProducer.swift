import CRdkafka
import EdgepipeCore

/// One producer, used by one thread; a new one is made where one has failed.
@safe final class KafkaProducer {
  /// What librdkafka's callbacks tell, in the thread that polls.
  final class Inbox {
    /// What became of items, by their place in the batch.
    fileprivate(set) var reports: [(index: Int, error: Int32)] = []
    /// What ends the client as a whole.
    fileprivate(set) var failure: String?
    /// No broker can be reached; that may pass, such as where a name has several addresses.
    fileprivate var areAllDown = false
    /// The last thing that went wrong with a broker, such as a refused connection.
    fileprivate(set) var lastWords: String?

    func takeReports() -> [(index: Int, error: Int32)] {
      defer { reports.removeAll(keepingCapacity: true) }
      return reports
    }

    func takeAllDown() -> Bool {
      defer { areAllDown = false }
      return areAllDown
    }

    fileprivate static func of(_ owner: UnsafeMutableRawPointer?) -> Inbox? {
      unsafe owner.map { unsafe Unmanaged<Inbox>.fromOpaque($0).takeUnretainedValue() }
    }
  }

  let inbox = Inbox()
  private let library: KafkaLibrary
  private let settings: KafkaSettings
  // SAFETY: made in `init`, used by this object's thread alone, destroyed in `deinit`, before the inbox.
  private let handle: OpaquePointer

  private static let messageBytes = 512

  /// - Throws: ``PipelineError`` `invalidConfiguration` with librdkafka's words for options that it does not take.
  init(_ library: KafkaLibrary, _ settings: KafkaSettings) throws(PipelineError) {
    let api = unsafe library.api.pointee
    let conf = unsafe api.conf_new()
    var message = [CChar](repeating: 0, count: Self.messageBytes)
    func refusal(_ place: String) -> PipelineError {
      let words = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      return PipelineError(
        "librdkafka \(library.version) does not take \(place): \(words)",
        remedy: "see its list of configuration properties", code: .invalidConfiguration)
    }
    for (name, value) in settings.properties {
      guard unsafe api.conf_set(conf, name, value, &message, message.count) == EPKafkaConfOK else {
        unsafe api.conf_destroy(conf)
        throw refusal(KafkaSettings.ownOptions.contains(name) ? "'\(name)'" : "the option \(Quoted.text(name))")
      }
    }
    // SAFETY: the inbox lives as long as the client, see `handle`.
    unsafe api.conf_set_opaque(conf, Unmanaged.passUnretained(inbox).toOpaque())
    unsafe api.conf_set_dr_msg_cb(conf) { _, message, owner in
      let (index, error) = unsafe (Int(bitPattern: message.pointee.opaque), message.pointee.error)
      unsafe Inbox.of(owner)?.reports.append((index, error))
    }
    unsafe api.conf_set_error_cb(conf) { _, code, reason, owner in
      guard let inbox = unsafe Inbox.of(owner) else { return }
      let text = unsafe reason.map { unsafe String(cString: $0) } ?? ""
      if KafkaError.endsAttempt(code) { inbox.failure = inbox.failure ?? text }
      if code == KafkaError.allBrokersDown { inbox.areAllDown = true } else { inbox.lastWords = text }
    }
    // Errors come to the callback above; standard error belongs to the program's log.
    unsafe api.conf_set_log_cb(conf) { _, _, _, _ in }
    guard let made = unsafe api.new(Int32(EPKafkaProducer), conf, &message, message.count) else {
      unsafe api.conf_destroy(conf)
      throw refusal("its options together")
    }
    unsafe handle = unsafe made
    self.library = library
    self.settings = settings
  }

  /// What has not been acknowledged by then is given up.
  deinit {
    let api = unsafe library.api.pointee
    unsafe _ = api.purge(handle, Int32(EPKafkaPurgeQueue | EPKafkaPurgeInFlight))
    unsafe api.destroy(handle)
  }

  /// Hands a record over; its report comes with ``poll(milliseconds:)``.
  ///
  /// - Returns: the error; 0: it is on its way.
  func produce(_ item: OutgoingItem, index: Int) -> Int32 {
    let api = unsafe library.api.pointee
    let headers: [(String, String)] = [
      ("id", item.id), ("kind", item.kind), ("pipeline", settings.pipeline),
      ("run", String(item.id.prefix { $0 != "/" })), ("content-type", "application/json"),
    ]
    return unsafe item.address.withCString { topic in
      unsafe withBytes(
        [item.body, Array(item.stream.utf8)] + headers.flatMap { [Array($0.0.utf8) + [0], Array($0.1.utf8)] }
      ) {
        bytes in
        var fields = unsafe [EPKafkaField]()
        func add(_ kind: Int, _ set: (inout EPKafkaField) -> Void) {
          var field = unsafe EPKafkaField()
          unsafe field.kind = Int32(kind)
          unsafe set(&field)
          unsafe fields.append(field)
        }
        // SAFETY: each field's kind says which member of the union is read; the bytes are there until the end of the call,
        // and the library copies them.
        unsafe add(EPKafkaFieldTopic) { unsafe $0.value.text = topic }
        unsafe add(EPKafkaFieldFlags) { unsafe $0.value.flags = Int32(EPKafkaMessageCopy) }
        unsafe add(EPKafkaFieldValue) {
          unsafe $0.value.memory.bytes = bytes[0].baseAddress
          unsafe $0.value.memory.size = bytes[0].count
        }
        unsafe add(EPKafkaFieldKey) {
          unsafe $0.value.memory.bytes = bytes[1].baseAddress
          unsafe $0.value.memory.size = bytes[1].count
        }
        unsafe add(EPKafkaFieldOpaque) { unsafe $0.value.pointer = UnsafeMutableRawPointer(bitPattern: index) }
        for header in headers.indices {
          let (name, value) = unsafe (bytes[2 + 2 * header], bytes[3 + 2 * header])
          unsafe add(EPKafkaFieldHeader) {
            unsafe $0.value.header.name = name.baseAddress?.assumingMemoryBound(to: CChar.self)
            unsafe $0.value.header.bytes = value.baseAddress
            unsafe $0.value.header.size = value.count
          }
        }
        guard let error = unsafe api.produceva(handle, fields, fields.count) else { return 0 }
        defer { unsafe api.error_destroy(error) }
        return unsafe api.error_code(error)
      }
    }
  }

  /// Calls with the bytes of all lists, one behind the other in memory.
  private func withBytes<Result>(
    _ lists: [[UInt8]], _ body: ([UnsafeRawBufferPointer]) -> Result
  ) -> Result {
    let all = lists.flatMap { $0 }
    return unsafe all.withUnsafeBytes { whole in
      var start = 0
      let parts = unsafe lists.map { list in
        defer { start += list.count }
        return unsafe UnsafeRawBufferPointer(rebasing: whole[start..<start + list.count])
      }
      return unsafe body(parts)
    }
  }

  /// Takes what has happened; waits for so long where nothing has.
  func poll(milliseconds: Int32) { unsafe _ = library.api.pointee.poll(handle, milliseconds) }
}
