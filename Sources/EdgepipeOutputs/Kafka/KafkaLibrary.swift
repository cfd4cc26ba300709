import CRdkafka
import EdgepipeCore
import Synchronization

/// librdkafka, opened for the first sink that needs it.
@safe final class KafkaLibrary: Sendable {
  static let name = LibraryName(file: "librdkafka.so.1", variable: "EDGEPIPE_RDKAFKA", package: "librdkafka1")

  private static let opened = Mutex<KafkaLibrary?>(nil)

  private let library: SharedLibrary<EPKafka>
  /// Such as `2.0.2`.
  let version: String

  var api: UnsafePointer<EPKafka> { unsafe library.functions }

  /// - Throws: ``PipelineError`` `unavailable` where it is not there.
  static func shared() throws(PipelineError) -> KafkaLibrary {
    try opened.withLock { opened throws(PipelineError) in
      if let opened { return opened }
      let library = try KafkaLibrary()
      opened = library
      return library
    }
  }

  private init() throws(PipelineError) {
    let count = unsafe MemoryLayout<EPKafka>.size / MemoryLayout<UnsafeRawPointer>.size
    // SAFETY: the header has one constant name for each member of the table.
    library = try SharedLibrary(
      Self.name, symbols: (0..<count).map { unsafe String(cString: ep_kafka_symbol(Int32($0))) })
    version = unsafe String(cString: library.functions.pointee.version_str())
  }

  func text(of error: Int32) -> String { unsafe String(cString: api.pointee.err2str(error)) }
}
