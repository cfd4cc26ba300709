import CMosquitto
import EdgepipeCore
import Synchronization

/// libmosquitto, opened for the first sink that needs it.
@safe final class MosquittoLibrary: Sendable {
  static let name = LibraryName(
    file: "libmosquitto.so.1", variable: "EDGEPIPE_MOSQUITTO", package: "libmosquitto1")

  private static let opened = Mutex<MosquittoLibrary?>(nil)

  private let library: SharedLibrary<EPMosquitto>
  /// Such as `2.0.11`.
  let version: String

  var api: UnsafePointer<EPMosquitto> { unsafe library.functions }

  /// - Throws: ``PipelineError`` `unavailable` where it is not there, or older than 2.
  static func shared() throws(PipelineError) -> MosquittoLibrary {
    try opened.withLock { opened throws(PipelineError) in
      if let opened { return opened }
      let library = try MosquittoLibrary()
      opened = library
      return library
    }
  }

  private init() throws(PipelineError) {
    let count = unsafe MemoryLayout<EPMosquitto>.size / MemoryLayout<UnsafeRawPointer>.size
    // SAFETY: the header has one constant name for each member of the table.
    library = try SharedLibrary(
      Self.name, symbols: (0..<count).map { unsafe String(cString: ep_mosquitto_symbol(Int32($0))) })
    var (major, minor, revision): (Int32, Int32, Int32) = (0, 0, 0)
    unsafe _ = library.functions.pointee.lib_version(&major, &minor, &revision)
    version = "\(major).\(minor).\(revision)"
    guard major >= 2 else {
      throw PipelineError(
        "libmosquitto \(version) at '\(library.path)' is too old: 2.0 or newer is needed", remedy: Self.name.remedy,
        code: .unavailable)
    }
    unsafe _ = library.functions.pointee.lib_init()
  }

  /// What the library says of one of its error codes.
  func text(ofError code: Int32) -> String { unsafe String(cString: api.pointee.strerror(code)) }
  /// What a reason code of MQTT 5 means.
  func text(ofReason code: Int32) -> String { unsafe String(cString: api.pointee.reason_string(code)) }
  /// What a return code of MQTT 3.1.1's CONNACK means.
  func text(ofGreeting code: Int32) -> String { unsafe String(cString: api.pointee.connack_string(code)) }
}
